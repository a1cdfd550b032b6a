"""What the browser does when the list is swapped: `python -m benchmarks.swap [rounds]`.

The demo is served from a temporary database, and Chromium traces its main thread while the list
goes to its next page: the tasks from the arrival of the answer on, in time of the processor. In
turns, a page that has nothing but a table replaces its rows with another fifty of the same texts:
no style sheet, no links, no scripts but the one that asks. A browser of this machine can hardly
swap them in less, so the quotient of both compares machines better than the milliseconds. A loop
of arithmetic says how fast the machine is.
"""

from __future__ import annotations

import statistics
import sys
from html import escape
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.screenshots import DESK, LIST, served, sign_in
from tests.support.servers import find_chromium

ROUNDS = 15
WARM_UP = 2
# A superuser, whose second page is full, too.
EVERYBODY = "operator@site.example"
ROWS = 50
# A row of the bare table has no actions, which have no text of their own.
COLUMNS = 7
PATIENCE = 2_000
# How long after the arrival of the answer a task counts, in microseconds.
WITHIN = 400_000
PARTS = ("XHRLoad", "UpdateLayoutTree", "Layout", "PrePaint", "Paint", "Layerize")
OLDER = ".sa-paging__older"
TEXTS = """[...document.querySelectorAll("tbody tr")]
    .map(row => [...row.cells].map(cell => cell.innerText))"""
BARE, BARE_ROWS = "/bare-table", "/bare-rows"
BARE_HEAD = "<!DOCTYPE html><meta charset=utf-8><style>body { font: 14px/1.45 system-ui }</style>"
SWAP_BARE = f"""() => {{
    const request = new XMLHttpRequest();
    request.open("GET", "{BARE_ROWS}");
    request.onload = () => (document.querySelector("tbody").innerHTML = request.responseText);
    request.send();
}}"""
LOOP = """() => {
    const start = performance.now();
    for (let i = 0, x = 0; i < 2e7; i++) x = (x * 31 + i) % 1000003;
    return performance.now() - start;
}"""


def main(rounds: int) -> None:
    with served() as origin, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(base_url=origin, viewport=DESK)
        page, bare = context.new_page(), context.new_page()
        sign_in(page, EVERYBODY)
        prepare(bare, page)
        loop = min(page.evaluate(LOOP) for _ in range(5))
        found = [(measure(bare, BARE), measure(page, LIST)) for _ in range(rounds + WARM_UP)]
        browser.close()
    print(f"A loop of 20 million steps: {loop:.0f} ms")
    print(f"{'ms: median (best)':18}{'a bare table':>16}{'the list':>16}")
    for name in ("all", *PARTS):
        columns = [[each[name] for each in kind] for kind in zip(*found[WARM_UP:], strict=True)]
        print(f"{name:18}" + "".join(f"{said(took):>16}" for took in columns))
    times = [list_["all"] / table["all"] for table, list_ in found[WARM_UP:]]
    print(f"The list takes {statistics.median(times):.1f} times as long as a bare table.")


def said(took: list[float]) -> str:
    return f"{statistics.median(took):.1f} ({min(took):.1f})"


def prepare(bare: Page, page: Page) -> None:
    """Give ``bare`` a table with the texts of the list's first page, and those of its second."""
    page.goto(LIST)
    first = page.evaluate(TEXTS)
    page.locator(OLDER).click()
    page.wait_for_timeout(PATIENCE)
    second = page.evaluate(TEXTS)
    assert first != second
    table = f"{BARE_HEAD}<table><tbody>{rows_of(first)}</table>"
    serve(bare, BARE, table)
    serve(bare, BARE_ROWS, rows_of(second))


def serve(page: Page, address: str, body: str) -> None:
    page.route(
        f"**{address}",
        lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8"),
    )


def rows_of(texts: list[list[str]]) -> str:
    return "".join("<tr>" + "".join(map(cell_of, row[:COLUMNS])) for row in texts)


def cell_of(text: str) -> str:
    return "<td>" + "<br>".join(escape(line) for line in text.strip().split("\n"))


def measure(page: Page, address: str) -> dict[str, float]:
    """Return the milliseconds of one swap, in all and by part; the layout is part of others."""
    page.bring_to_front()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.evaluate(
        "for (const row of document.querySelectorAll('tbody tr')) row.dataset.isOld = true"
    )
    session = page.context.new_cdp_session(page)
    events = start_tracing(session)
    if address == BARE:
        page.evaluate(SWAP_BARE)
    else:
        page.locator(OLDER).click()
    # Asking the page meanwhile would be work of its main thread, too.
    page.wait_for_timeout(PATIENCE)
    stop_tracing(page, session)
    assert page.locator("tbody tr:not([data-is-old])").count() == ROWS
    return sums_of(events)


def start_tracing(session: CDPSession) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    session.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    categories = "toplevel,devtools.timeline,disabled-by-default-devtools.timeline"
    session.send("Tracing.start", {"categories": categories, "transferMode": "ReportEvents"})
    return events


def stop_tracing(page: Page, session: CDPSession) -> None:
    done: list[Any] = []
    session.on("Tracing.tracingComplete", lambda event: done.append(event))
    session.send("Tracing.end")
    while not done:
        page.wait_for_timeout(20)
    session.detach()


def sums_of(events: list[dict[str, Any]]) -> dict[str, float]:
    answer = next(event for event in events if event["name"] == "XHRLoad")
    thread = (answer["pid"], answer["tid"])
    begin, end = answer["ts"], answer["ts"] + answer["dur"] + WITHIN
    sums = dict.fromkeys(("all", *PARTS), 0.0)
    # Some parts consist of parts of the same name, which must not count twice.
    until = dict.fromkeys(sums, begin - WITHIN)
    of_thread = [e for e in events if e["ph"] == "X" and (e["pid"], e["tid"]) == thread]
    for event in sorted(of_thread, key=lambda each: (each["ts"], -each["dur"])):
        name = "all" if event["name"] == "RunTask" else event["name"]
        ends = event["ts"] + event["dur"]
        if name in sums and ends > begin and until[name] <= event["ts"] < end:
            sums[name] += event.get("tdur", 0) / 1000
            until[name] = ends
    return sums


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
