"""Measures all of it on private servers and writes the tables: `make bench`.

`make bench ARGS="--sizes 1000,10000 --rounds 3"` is a quick look; without arguments the sizes are
10,000, 100,000 and 1,000,000, which takes about half an hour. Results go to benchmarks/results/ as
JSON and, for full runs or with --write, into docs/scaling.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, median_low
from typing import Any

from benchmarks import pairs, peers
from benchmarks.tables import tables
from benchmarks.worker import Worker
from tests.support import servers, system_postgresql

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "scaling.md"
LIST = "/account-management/advanced-security/active-user-sessions/"
WHO = ("superuser", "largest", "small")
WARM_UP = 2
LEAST = 1000
FULL = [10_000, 100_000, 1_000_000]
SERVER_OPTIONS = {"shared_buffers": "1GB", "max_wal_size": "8GB", "maintenance_work_mem": "512MB"}
SWEPT_SHARE = 100


def main() -> None:
    options = _arguments()
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        url, server = _start_postgresql()
        stack.callback(server)
        redis, stop_redis = servers.start_redis()
        stack.callback(stop_redis)
        results: dict[str, Any] = {"about": _about(url, options)}
        results["requests"] = _requests(url, redis, options.rounds * 40)
        _say("requests are measured")
        results["seeding"] = {size: _seed(url, size) for size in options.sizes}
        sites = {size: stack.enter_context(_site(url, size)) for size in options.sizes}
        _say("the sites are filled")
        results["pages"] = _pages(sites, options.rounds)
        _say("the pages are measured")
        results["peers"] = _peers(url, sites[min(sites)], options.rounds)
        _say("the other packages are measured")
        largest = sites[max(sites)]
        results["pairs"] = pairs.measure(largest, LIST, -(-options.rounds // 2))
        _say("searches beside filters are measured")
        results["one"] = _one(sites, options.rounds)
        results["export"] = {
            size: site.ask("export", address=f"{LIST}login-records/export/")
            for size, site in sites.items()
        }
        _say("exports are measured")
        results["memory"] = {size: site.ask("memory") for size, site in sites.items()}
        for site in sites.values():
            site.close()
        results["all"] = {size: _all(url, size) for size in sites}
        _say("Terminate all is measured")
        results["sweep"] = {size: _sweep(url, size) for size in options.sizes[-1:]}
        results["retention"] = {size: _retention(url, size) for size in options.sizes[-1:]}
        _say("the sweep and retention are measured")
        if options.sqlite:
            results["sqlite"] = _sqlite(options.sqlite, options.rounds)
    results["about"]["minutes"] = round((time.monotonic() - began) / 60, 1)
    RESULTS.mkdir(exist_ok=True)
    name = "full.json" if options.sizes == FULL else "small.json"
    (RESULTS / name).write_text(json.dumps(results, indent=1) + "\n")
    text = tables(results)
    print(text)
    if options.write or options.sizes == FULL:
        _write(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--sizes", type=_sizes, default=FULL, help="active sessions, by comma")
    parser.add_argument(
        "--rounds", type=_positive, default=10, help="how often each page is asked for"
    )
    parser.add_argument("--sqlite", type=int, default=100_000, help="sessions there; 0 for none")
    parser.add_argument("--write", action="store_true", help="write the tables into the docs")
    return parser.parse_args()


def _sizes(text: str) -> list[int]:
    sizes = [int(size) for size in text.split(",")]
    if min(sizes) < LEAST:
        raise argparse.ArgumentTypeError(f"{LEAST} sessions are the least that say anything")
    return sizes


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("a whole number of 1 or more")
    return number


def _say(text: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", file=sys.stderr, flush=True)


def _start_postgresql() -> tuple[str, Any]:
    """Start the system's PostgreSQL, which has pg_trgm, else the packaged one, which lacks it."""
    if system_postgresql.find():
        url, server = system_postgresql.start(options=SERVER_OPTIONS)
        return url, server.close
    return servers.start_postgresql()


def _about(url: str, options: argparse.Namespace) -> dict[str, Any]:
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {_processor()}, "
        f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') >> 30} GB",
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "postgresql": _sql(url, "SHOW server_version"),
        "trigrams": _sql(url, "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'")
        == 1,
        "sizes": options.sizes,
        "rounds": options.rounds,
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        if found:
            return found[1].strip()
    return platform.machine()


def _sql(url: str, statement: str) -> Any:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[arg-type]
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def _database(url: str, name: str) -> str:
    """Return the URL of another database on the same server."""
    return re.sub(r"(://[^/]*)/[^?]*", rf"\1/{name}", url)


def _seed(url: str, size: int) -> dict[str, Any]:
    """Fill a site in a separate process, so that its memory is not counted for the pages."""
    _sql(url, f"CREATE DATABASE site_{size}")
    worker = Worker(_database(url, f"site_{size}"))
    done: dict[str, Any] = worker.ask("seed", size=size)
    worker.close()
    return done


@contextlib.contextmanager
def _site(url: str, size: int) -> Iterator[Worker]:
    worker = Worker(_database(url, f"site_{size}"))
    try:
        yield worker
    finally:
        worker.close()


@contextlib.contextmanager
def _copy(url: str, size: int) -> Iterator[Worker]:
    """Make a copy of a site, for measurements that change it."""
    _sql(url, f"CREATE DATABASE copied TEMPLATE site_{size}")
    worker = Worker(_database(url, "copied"))
    try:
        yield worker
    finally:
        worker.close()
        _sql(url, "DROP DATABASE copied")


def _requests(url: str, redis: str, rounds: int) -> list[dict[str, Any]]:
    _sql(url, "CREATE DATABASE requests")
    found = subprocess.run(
        [sys.executable, "-m", "benchmarks.requests", str(rounds)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": _database(url, "requests"), "REDIS_URL": redis},
        stdout=subprocess.PIPE,
        check=True,
    )
    measured: list[dict[str, Any]] = json.loads(found.stdout)
    return measured


def _peers(url: str, ours: Worker, rounds: int) -> list[dict[str, Any]]:
    def database(name: str) -> str:
        _sql(url, f"CREATE DATABASE {name}")
        return _database(url, name)

    return peers.measure(ours, LIST, database, rounds * 3)


def _addresses(facts: dict[str, str]) -> dict[str, str]:
    return {
        "First page": LIST,
        "Deep page (95 % down)": f"{LIST}?after={facts['deep']}",
        "Filter: account": f"{LIST}?account={facts['account']}",
        "Filter: user": f"{LIST}?user={facts['user']}",
        "Filter: application": f"{LIST}?application=web",
        "Filter: a flag": f"{LIST}?flag=far",
        "Filter: inactive": f"{LIST}?flag=idle",
        "Search: everybody's (mail.example)": f"{LIST}?q=mail.example",
        "Search: common (chrome)": f"{LIST}?q=chrome",
        "Search: a first name (ana)": f"{LIST}?q=ana",
        "Search: rare (a last name)": f"{LIST}?q={facts['name']}",
        "Search: no hit": f"{LIST}?q=zzqqxx",
        "Search: an email address": f"{LIST}?q={facts['email']}",
        "Search: beginning of an IP": f"{LIST}?q={facts['address']}",
        "Search: the rarest city": f"{LIST}?q={facts['city']}",
        "Typing a person (ana)": f"{LIST}suggestions/people/?person=ana",
        "Confirmation of Terminate all": f"{LIST}terminate-all/",
        **_record_addresses(facts),
    }


def _record_addresses(facts: dict[str, str]) -> dict[str, str]:
    """Return pages of the login records, of which there are six to an active session."""
    queries = {
        "first page": "",
        "deep page (95 % down)": f"?after={facts['deep_record']}",
        "status: active": "?status=active",
        "status: password changed": "?status=password_changed",
        "account": f"?account={facts['account']}",
        "user": f"?user={facts['user']}",
        "a flag": "?flag=far",
        "inactive": "?flag=idle",
        "last 30 days": "?within=30d",
        "up to 40 days ago": f"?to={datetime.now(UTC) - timedelta(days=40):%Y-%m-%d}",
        "search common (chrome)": "?q=chrome",
        "search a first name (ana)": "?q=ana",
        "search rare (a last name)": f"?q={facts['name']}",
        "search no hit": "?q=zzqqxx",
        "search an email address": f"?q={facts['email']}",
    }
    return {f"Records: {what}": f"{LIST}login-records/{query}" for what, query in queries.items()}


def _pages(sites: dict[int, Worker], rounds: int) -> list[dict[str, Any]]:
    """Visit each page of each site in turn, round after round."""
    addresses = {
        (size, who): _addresses(site.ask("facts", who=who))
        for size, site in sites.items()
        for who in WHO
    }
    names = list(next(iter(addresses.values())))
    seen: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for turn in range(rounds + WARM_UP):
        for name in names:
            for who in WHO:
                for size, site in sites.items():
                    got = site.ask("visit", who=who, address=addresses[size, who][name])
                    assert got["status"] == 200, (name, who, got)
                    if turn >= WARM_UP:
                        seen.setdefault((name, who, size), []).append(got)
    smallest = min(sites)
    pages = []
    for (name, who, size), got in seen.items():
        is_record = name.startswith("Records: ")
        first = _median(seen["Records: first page" if is_record else "First page", who, size])
        pages.append(
            {
                "page": name,
                "who": who,
                "size": size,
                "ms": _median(got),
                "worst_ms": max(each["ms"] for each in got),
                "sql_ms": (sql := median(each["sql_ms"] for each in got)),
                "bare_ms": (bare := _bare(got)),
                "sql_to_bare": sql / bare if bare else None,
                # The median, because once an interval a visit also writes the activity.
                "statements": median_low(each["statements"] for each in got),
                "rows": got[-1]["rows"],
                "growth": _median(got) / _median(seen[name, who, smallest]),
                "to_first_page": _median(got) / first,
            }
        )
    return pages


def _median(visits: list[dict[str, Any]]) -> float:
    return median(each["ms"] for each in visits)


def _bare(visits: list[dict[str, Any]]) -> float | None:
    """Return the median of the bare statements; ``None`` if there was nothing to fetch."""
    took = [each["bare_ms"] for each in visits if each["bare_ms"] is not None]
    return median(took) if took else None


def _one(sites: dict[int, Worker], rounds: int) -> list[dict[str, Any]]:
    seen: dict[int, list[dict[str, Any]]] = {size: [] for size in sites}
    for _ in range(rounds):
        for size, site in sites.items():
            seen[size].append(site.ask("terminate_one", who="superuser"))
    return [
        {
            "size": size,
            "ms": _median(got),
            "worst_ms": max(each["ms"] for each in got),
            "bare_ms": _bare(got),
            "statements": median_low(each["statements"] for each in got),
        }
        for size, got in seen.items()
    ]


def _all(url: str, size: int) -> dict[str, Any]:
    with _copy(url, size) as site:
        bare = site.ask("bare")
    with _copy(url, size) as site:
        ours = site.ask("terminate_all", address=f"{LIST}terminate-all/")
    assert ours["left"] == 0, ours
    each = {"bare": bare["seconds"] / bare["sessions"], "ours": ours["work_seconds"] / size}
    return {
        **ours,
        "bare_seconds": bare["seconds"],
        "ratio": each["ours"] / each["bare"],
        "us_each": each["ours"] * 1e6,
    }


def _sweep(url: str, size: int) -> dict[str, Any]:
    with _copy(url, size) as site:
        swept: dict[str, Any] = site.ask("sweep", share=SWEPT_SHARE)
    return swept


def _retention(url: str, size: int) -> list[dict[str, Any]]:
    with _copy(url, size) as site:
        done: list[dict[str, Any]] = site.ask("retain")
    return done


def _sqlite(size: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        site = Worker(f"sqlite:///{folder}/site.sqlite3")
        found = {"size": size, "seeding": site.ask("seed", size=size)}
        found["pages"] = _pages({size: site}, rounds)
        found["all"] = site.ask("terminate_all", address=f"{LIST}terminate-all/")
        site.close()
    return found


def _write(text: str) -> None:
    """Write the tables into the docs."""
    page = PAGE.read_text(encoding="utf-8")
    begin, end = "<!-- measured -->", "<!-- end of measured -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
