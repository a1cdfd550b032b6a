"""What a swap of the list spares the browser; nothing here takes the time."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from benchmarks.swap import stop_tracing
from tests.browser.pages import rows
from tests.browser.test_density import demo, open_demo

__all__ = ["demo"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

ROWS = 50
# Of a selector with an element of a row; the browser's own style sheet is part of it.
ATTEMPTS = 1_250
BOXES = """() => [...document.querySelectorAll("tbody tr:not(:has(.sa-row-chips))")].map(row => {
    const styles = [row, ...row.querySelectorAll(":not(td)")].map(each => getComputedStyle(each));
    const cells = [...row.cells].map(each => getComputedStyle(each));
    return {
        boxes: styles.slice(1).filter(each => !["inline", "none"].includes(each.display)).length,
        placed: [...styles, ...cells].filter(each => each.position !== "static").length,
    };
})"""
# The styles of a container are part of the layout, which says nothing of selectors.
LEAVE_CONTAINER = """() => {
    document.querySelector(".sa-results").style.containerType = "normal";
    document.body.offsetHeight;
}"""
STYLE_AGAIN = """() => {
    const body = document.querySelector("tbody");
    body.innerHTML = body.innerHTML;
    document.body.offsetHeight;
}"""
KEEP = "document.getElementById('sa-filters').dataset.isOld = ''"
KEPT = "#sa-filters[data-is-old]"


def go_to_older(page):
    page.locator(".sa-paging__older").click()
    expect(page.locator("[rel=prev]")).to_be_visible()
    expect(rows(page).first).to_be_visible()


class TestFilters:
    def test_the_answer_to_the_next_page_brings_none(self, new_page, demo):
        page = new_page()
        open_demo(page)
        page.evaluate(KEEP)
        with page.expect_response(re.compile("[?]after=")) as answer:
            go_to_older(page)
        assert 'id="sa-filters' not in answer.value.text()
        expect(page.locator(KEPT)).to_have_count(1)

    def test_a_search_that_is_applied_stays_on_the_next_page(self, new_page, demo):
        page = new_page()
        open_demo(page)
        page.locator("#sa-id_q").fill("o")
        expect(page).to_have_url(re.compile("[?]q=o$"))
        page.evaluate(KEEP)
        go_to_older(page)
        expect(page).to_have_url(re.compile("[?]q=o&after="))
        expect(page.locator("#sa-id_q")).to_have_value("o")
        expect(page.locator(KEPT)).to_have_count(1)

    def test_who_asks_for_the_same_page_gets_them_anew(self, new_page, demo):
        page = new_page()
        open_demo(page)
        page.evaluate(KEEP)
        page.locator("#sa-refresh").click()
        expect(page.locator(KEPT)).to_have_count(0)

    def test_a_filter_that_the_list_applies_shows_in_them(self, new_page, demo):
        page = new_page()
        open_demo(page)
        page.evaluate(KEEP)
        flag = page.locator(".sa-flag").first
        label = flag.locator("span").first.inner_text()
        flag.click()
        expect(page).to_have_url(re.compile("[?]flag="))
        expect(page.locator("#sa-flags-chosen")).to_have_text(label)
        expect(page.locator(KEPT)).to_have_count(0)

    def test_a_text_that_is_not_applied_goes_with_the_next_page(self, new_page, demo):
        page = new_page()
        open_demo(page)
        page.get_by_label("User", exact=True).fill("nobody")
        go_to_older(page)
        expect(page.get_by_label("User", exact=True)).to_have_value("")


class TestRows:
    def test_a_cell_is_one_block_and_nothing_in_a_row_is_animated(self, new_page, demo):
        page = new_page()
        open_demo(page)
        displays = page.evaluate(
            "[...document.querySelectorAll('tbody td')].map(cell => getComputedStyle(cell).display)"
        )
        assert set(displays) == {"block"}
        rows(page).nth(3).hover()
        running = "document.getAnimations().filter(each => each.effect.target.closest('tbody'))"
        assert page.evaluate(f"{running}.length") == 0

    def test_few_parts_of_a_row_have_a_box_of_their_own(self, new_page, demo):
        """A box costs more than text does, and a box that is placed costs most."""
        page = new_page()
        open_demo(page)
        boxes = page.evaluate(BOXES)
        assert len(boxes) > ROWS / 2
        # The box to select, the icon, the two actions, and the address if it is a long one.
        assert max(each["boxes"] for each in boxes) <= 5
        # The row, which the box to select is placed in.
        assert max(each["placed"] for each in boxes) <= 2

    def test_the_browser_tries_few_rules_on_a_row(self, new_page, demo):
        page = new_page()
        open_demo(page)
        page.evaluate(LEAVE_CONTAINER)
        session = page.context.new_cdp_session(page)
        events = []
        session.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
        categories = "disabled-by-default-blink.debug"
        session.send("Tracing.start", {"categories": categories, "transferMode": "ReportEvents"})
        page.evaluate(STYLE_AGAIN)
        stop_tracing(page, session)
        found = [each for each in events if each["name"] == "SelectorStats"]
        attempts = sum(
            timing["match_attempts"]
            for each in found
            for timing in each["args"]["selector_stats"]["selector_timings"]
        )
        assert 100 < attempts / ROWS <= ATTEMPTS
