"""What a swap of the list spares the browser; nothing here takes the time."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.pages import rows
from tests.browser.test_density import demo, open_demo

__all__ = ["demo"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

KEEP = "document.getElementById('sa-filters').isOld = true"
IS_KEPT = "document.getElementById('sa-filters').isOld === true"


def go_to_older(page):
    page.locator(".sa-paging__older").click()
    expect(page.locator("[rel=prev]")).to_be_visible()
    expect(rows(page).first).to_be_visible()


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
