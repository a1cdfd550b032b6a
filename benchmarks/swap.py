"""What the browser does when the list is swapped: `python -m benchmarks.swap [rounds]`.

The demo is served from a temporary database, and Chromium traces its main thread while the list
goes to its next page: the tasks from the arrival of the answer on, in time of the processor. A loop
of arithmetic says how fast the machine is.
"""

from __future__ import annotations

import statistics
import sys
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.screenshots import DESK, LIST, served, sign_in
from tests.support.servers import find_chromium

ROUNDS = 15
WARM_UP = 2
# A superuser, whose second page is full, too.
EVERYBODY = "operator@site.example"
ROWS = 50
PATIENCE = 2_000
# How long after the arrival of the answer a task counts, in microseconds.
WITHIN = 400_000
PARTS = ("XHRLoad", "UpdateLayoutTree", "Layout", "PrePaint", "Paint", "Layerize")
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
        page = browser.new_context(base_url=origin, viewport=DESK).new_page()
        sign_in(page, EVERYBODY)
        loop = min(page.evaluate(LOOP) for _ in range(5))
        found = [measure(page) for _ in range(rounds + WARM_UP)][WARM_UP:]
        browser.close()
    print(f"A loop of 20 million steps: {loop:.0f} ms")
    for name in ("all", *PARTS):
        took = sorted(each[name] for each in found)
        print(f"{name:18}{statistics.median(took):7.1f} ms, at best {took[0]:.1f} ms")


def measure(page: Page) -> dict[str, float]:
    """Return the milliseconds of one swap, in all and by part; the layout is part of others."""
    page.goto(LIST)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelector('tbody').dataset.isOld = true")
    session = page.context.new_cdp_session(page)
    events = start_tracing(session)
    page.locator(".sa-paging__older").click()
    # Asking the page meanwhile would be work of its main thread, too.
    page.wait_for_timeout(PATIENCE)
    stop_tracing(page, session)
    assert page.locator("tbody:not([data-is-old]) tr").count() == ROWS
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
