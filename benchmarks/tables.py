"""Writes what was measured as tables in Markdown."""

from __future__ import annotations

from typing import Any


def tables(results: dict[str, Any]) -> str:
    """Return the results as Markdown."""
    about = results["about"]
    parts = [
        f"Measured on {about['date']} in {about['minutes']} minutes: {about['machine']}, "
        f"load {about['load']:.1f} at the start; Python {about['python']}, PostgreSQL "
        f"{about['postgresql']} {'with' if about['trigrams'] else 'without'} pg_trgm; "
        f"{about['rounds']} rounds, each page of each site in turn.",
        "### A request\n\n" + _requests_table(results["requests"]),
    ]
    if "peers" in results:
        parts.append("### The same rows, four packages\n\n" + _peers_table(results["peers"]))
    for who, title in (
        ("superuser", "The page, for a superuser (every session in view)"),
        ("largest", "The page, for an admin of the largest account"),
        ("small", "The page, for an admin of an account of twenty sessions"),
    ):
        parts.append(f"### {title}\n\n" + _pages_table(results["pages"], who))
    if "pairs" in results:
        size = max(about["sizes"])
        parts.append(
            f"### A search beside a filter, {size:,} sessions\n\n"
            + _pairs_table(results["pairs"])
            + "\n\nThe median, as a ratio to the first page without search and filter."
        )
    parts.append("### Termination, sweep and retention\n\n" + _ends_table(results))
    if "sqlite" in results:
        size = results["sqlite"]["size"]
        parts.append(
            f"### SQLite, {size:,} sessions, for a superuser\n\n"
            + _pages_table(results["sqlite"]["pages"], "superuser")
            + f"\n\nTerminate all: {results['sqlite']['all']['work_seconds']:.1f} s."
        )
    return "\n\n".join(parts)


def _requests_table(found: list[dict[str, Any]]) -> str:
    rows = [
        [
            each["engine"],
            each["what"],
            f"{each['plain_ms']:.2f}",
            f"{each['tracked_ms']:.2f}",
            f"{each['ratio']:.3f}",
            f"{each['plain_statements']}",
            f"{each['tracked_statements']}",
        ]
        for each in found
    ]
    heads = ["engine", "what", "plain ms", "tracked ms", "ratio", "SQL plain", "SQL tracked"]
    return _table(heads, rows)


def _peers_table(found: list[dict[str, Any]]) -> str:
    rows = [
        [
            f"{each['package']} {each['version']}".strip(),
            str(each["rows"]) if each["rows"] else "-",
            str(each["statements"]),
            f"{each['ms']:.1f}",
            f"{each['us_a_row']:.0f}" if each["rows"] else "-",
            f"{each['bytes_a_row']:,.0f}" if each["rows"] else "-",
            f"{each['to_plain']:.1f}",
        ]
        for each in found
    ]
    heads = ["list of", "rows", "SQL", "median ms", "µs a row", "bytes a row", "to plain Django"]
    return _table(heads, rows)


def _pairs_table(found: list[dict[str, Any]]) -> str:
    filters = list(dict.fromkeys(each["filter"] for each in found))
    ratios: dict[tuple[str, str, str], dict[str, str]] = {}
    for each in found:
        row = ratios.setdefault((each["page"], each["who"], each["word"]), {})
        row[each["filter"]] = f"{each['to_first_page']:.1f}"
    rows = [[*names, *(row.get(each, "-") for each in filters)] for names, row in ratios.items()]
    return _table(["page", "admin of", "search", *filters], rows)


def _pages_table(found: list[dict[str, Any]], who: str) -> str:
    rows = [
        [
            each["page"],
            f"{each['size']:,}",
            str(each["statements"]),
            f"{each['ms']:.0f}",
            f"{each['worst_ms']:.0f}",
            f"{each['sql_ms']:.1f}",
            f"{each['bare_ms']:.1f}" if each["bare_ms"] else "-",
            f"{each['sql_to_bare']:.1f}" if each["sql_to_bare"] else "-",
            str(each["rows"]),
            f"{each['growth']:.2f}",
            f"{each['to_first_page']:.2f}",
        ]
        for each in found
        if each["who"] == who
    ]
    heads = ["page", "sessions", "SQL", "median ms", "worst ms", "of it SQL ms", "bare SQL ms"]
    return _table([*heads, "SQL to bare", "rows", "growth", "to first page"], rows)


def _ends_table(results: dict[str, Any]) -> str:
    rows = [
        [
            "Terminate one",
            f"{each['size']:,}",
            f"{each['ms']:.0f} ms, worst {each['worst_ms']:.0f} ms, "
            f"{each['statements']} statements; bare SQL {each['bare_ms']:.1f} ms",
        ]
        for each in results["one"]
    ]
    for size, each in results["all"].items():
        rows.append(
            [
                "Terminate all",
                f"{int(size):,}",
                f"{each['work_seconds']:.1f} s ({each['us_each']:.0f} µs each), bare SQL "
                f"{each['bare_seconds']:.1f} s, ratio {each['ratio']:.2f}; the click answers "
                f"after {each['click_seconds']:.1f} s, {each['looks']} looks at the progress, "
                f"the slowest {each['worst_look_ms']:.0f} ms; "
                f"memory +{each['memory_growth_mb']:.0f} MB",
            ]
        )
    for size, each in results["sweep"].items():
        said = each["said"].splitlines()[0]
        rows.append(["sweep_sessions", f"{int(size):,}", f"{said}; {_meanwhile(each)}"])
    for size, done in results["retention"].items():
        rows += [
            [
                "Retention",
                f"{int(size):,}",
                f"{each['rows']:,} records {each['what']}, "
                f"{each['seconds'] / each['rows'] * 1e6:.0f} µs each; {_meanwhile(each)}",
            ]
            for each in done
        ]
    rows += [
        [
            "Export of the login records (CSV)",
            f"{int(size):,}",
            f"{each['rows']:,} rows in {each['seconds']:.0f} s "
            f"({each['rows'] / each['seconds']:,.0f} a second); "
            f"memory +{each['memory_growth_mb']:.0f} MB",
        ]
        for size, each in results["export"].items()
    ]
    rows += [
        ["All pages above", f"{int(size):,}", f"peak memory of the process {peak:.0f} MB"]
        for size, peak in results["memory"].items()
    ]
    return _table(["what", "sessions", "took"], rows)


def _meanwhile(each: dict[str, Any]) -> str:
    return (
        f"{each['seconds']:.0f} s; the page meanwhile: {each['visits']} visits, the "
        f"slowest {each['worst_visit_ms']:.0f} ms; memory +{each['memory_growth_mb']:.0f} MB"
    )


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
