"""Searches beside a filter, as ratios to the page without either."""

from __future__ import annotations

from statistics import median
from typing import Any

WORDS = {
    "a common word (chrome)": "chrome",
    "a name that one in twenty has (kim)": "kim",
    "words that go together": "opera+on+windows+11",
    "a name and a browser": "kim+safari",
    "a last name": "{name}",
    "an email address": "{email}",
    "a network": "203.0.113.7/16",
    "nothing": "zzqqxx",
}
FILTERS = {
    "account": "account={account}",
    "country": "country=SI",
    "application": "application=admin",
    "flag": "flag=device",
    "inactive": "flag=idle",
    "two": "country=SI&application=web",
}
OF_RECORDS = {"status": "status=expired", "30 days": "within=30d"}
PAGES = {"List": ("", FILTERS), "Login records": ("login-records/", {**FILTERS, **OF_RECORDS})}
WHO = ("superuser", "largest")


def measure(site: Any, address: str, rounds: int) -> list[dict[str, Any]]:
    """Return for each person, page, word and filter the median in ms and its ratio to the page."""
    measured = []
    for who in WHO:
        facts = site.ask("facts", who=who)
        for page, (path, filters) in PAGES.items():
            asked = {("", ""): ""}
            for word, q in WORDS.items():
                for name, query in filters.items():
                    asked[word, name] = f"?q={q}&{query}".format(**facts)
            seen: dict[tuple[str, str], list[float]] = {pair: [] for pair in asked}
            for turn in range(rounds + 1):
                for pair, query in asked.items():
                    got = site.ask("visit", who=who, address=f"{address}{path}{query}")
                    assert got["status"] == 200, (who, query, got)
                    if turn:
                        seen[pair].append(got["ms"])
            first = median(seen.pop(("", "")))
            measured += [
                {
                    "who": who,
                    "page": page,
                    "word": word,
                    "filter": name,
                    "ms": median(found),
                    "to_first_page": median(found) / first,
                }
                for (word, name), found in seen.items()
            ]
    return measured
