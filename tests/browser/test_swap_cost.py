"""What a swap of the list spares the browser; nothing here takes the time."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.pages import rows
from tests.browser.test_density import PHONE, demo, open_demo

__all__ = ["demo"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

# Cards whose content the browser has styled and laid out.
LAID_OUT = """() => [...document.querySelectorAll("tbody tr")].filter(
    row => row.cells[0].checkVisibility({contentVisibilityAuto: true})).length"""
KEEP = "document.getElementById('sa-filters').isOld = true"
IS_KEPT = "document.getElementById('sa-filters').isOld === true"


def go_to_older(page):
    page.locator(".sa-paging__older").click()
    expect(page.locator("[rel=prev]")).to_be_visible()
    expect(rows(page).first).to_be_visible()


def wait_until(page, condition):
    """Wait as `wait_for_function` does, which the content security policy forbids."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


class TestFilters:
    def test_they_stay_where_the_answer_brings_the_same(self, new_page, demo):
        page = new_page()
        open_demo(page)
        page.evaluate(KEEP)
        go_to_older(page)
        assert page.evaluate(IS_KEPT)

    def test_a_filter_that_the_list_applies_shows_in_them(self, new_page, demo):
        page = new_page()
        open_demo(page)
        page.evaluate(KEEP)
        page.locator(".sa-flag").first.click()
        expect(page).to_have_url(re.compile("[?]flag="))
        expect(page.locator("#sa-flags-chosen")).to_have_text("1")
        assert not page.evaluate(IS_KEPT)

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
            "[...document.querySelectorAll('tbody td:not(:last-child)')]"
            ".map(cell => getComputedStyle(cell).display)"
        )
        assert set(displays) == {"block"}
        rows(page).nth(3).hover()
        running = "document.getAnimations().filter(each => each.effect.target.closest('tbody'))"
        assert page.evaluate(f"{running}.length") == 0


class TestCards:
    def test_those_out_of_view_are_not_laid_out(self, new_page, demo):
        page = new_page(viewport=PHONE, has_touch=True, reduced_motion="reduce")
        open_demo(page)
        assert rows(page).count() == 50
        wait_until(page, f"({LAID_OUT})() < 30")
        assert page.evaluate(LAID_OUT) >= 5
        height = page.evaluate("document.scrollingElement.scrollHeight")
        rows(page).last.scroll_into_view_if_needed()
        last = "document.querySelector('tbody tr:last-child td')"
        wait_until(page, f"{last}.checkVisibility({{contentVisibilityAuto: true}})")
        assert page.evaluate("document.scrollingElement.scrollHeight") == height

    def test_those_out_of_view_are_found_focused_and_read(self, new_page, demo):
        page = new_page(viewport=PHONE, reduced_motion="reduce")
        open_demo(page)
        wait_until(page, f"({LAID_OUT})() < 30")
        session = page.context.new_cdp_session(page)
        tree = session.send("Accessibility.getFullAXTree")["nodes"]
        read = [node["name"]["value"] for node in tree if node["role"]["value"] == "row"]
        # One is the heading of the columns.
        assert len(read) == 51
        names = page.locator("tbody tr:last-child td:nth-child(1) a").inner_text()
        assert names in read[-1]
        page.evaluate("getSelection().collapse(document.querySelector('tbody tr'), 0)")
        email = page.locator("tbody tr:last-child td:nth-child(1) small").text_content()
        assert page.evaluate("email => find(email)", email)
        page.evaluate("scrollTo(0, 0)")
        rows(page).nth(48).get_by_role("link", name="Terminate").focus()
        page.keyboard.press("Tab")
        last = rows(page).last
        assert last.evaluate("row => row.contains(document.activeElement)")
        expect(last).to_be_in_viewport()
