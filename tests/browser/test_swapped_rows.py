"""The rows that a swap puts in: htmx passes them by, and their links work all the same."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.pages import expect_rows, is_marked, mark, open_list, rows, sign_in, sign_in_from

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
COUNT = """() => {
    globalThis.processed = [];
    document.addEventListener("htmx:beforeProcessNode", ({target}) => processed.push(target));
}"""
IN_ROWS = "processed.filter(element => element.closest('tbody')).length"


@pytest.fixture
def list_page(page, ada, mia, bob):
    sign_in_from("10.0.0.1", mia)
    sign_in_from("10.0.1.1", bob)
    sign_in(page, ada)
    open_list(page)
    mark(page)
    page.evaluate(COUNT)
    return page


def test_htmx_looks_at_no_row_until_one_is_clicked(list_page):
    list_page.get_by_role("searchbox").fill("firefox")
    expect_rows(list_page, "Bob", "Mia")
    assert list_page.evaluate("processed.length") > 0
    assert list_page.evaluate(IN_ROWS) == 0
    rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
    expect(list_page.get_by_role("dialog", name="Terminate this session?")).to_be_visible()
    assert list_page.evaluate(IN_ROWS) == 1
    assert is_marked(list_page)


def test_all_that_a_row_offers_works_after_a_swap(list_page):
    list_page.get_by_role("searchbox").fill("firefox")
    expect_rows(list_page, "Bob", "Mia")
    dialog = list_page.get_by_role("dialog", name="Bob Builder, Firefox on Windows")
    rows(list_page, "Bob").get_by_role("cell").nth(6).click()
    expect(dialog).to_be_visible()
    list_page.keyboard.press("Escape")
    rows(list_page, "Bob").get_by_role("checkbox").press("Enter")
    expect(dialog).to_be_visible()
    list_page.keyboard.press("Escape")
    rows(list_page, "Bob").get_by_role("link", name="Details").press("Enter")
    expect(dialog).to_be_visible()
    list_page.keyboard.press("Escape")
    rows(list_page, "Bob").get_by_role("link", name="Bob Builder", exact=True).click()
    expect(list_page).to_have_url(re.compile("q=firefox&user="))
    expect_rows(list_page, "Bob")
    assert is_marked(list_page)


def test_a_link_of_a_row_opens_in_another_tab(list_page):
    list_page.get_by_role("searchbox").fill("firefox")
    expect_rows(list_page, "Bob", "Mia")
    with list_page.context.expect_page() as opened:
        rows(list_page, "Bob").get_by_role("link", name="Details").click(modifiers=["Control"])
    expect(opened.value.get_by_role("heading", name="Bob Builder, Firefox")).to_be_visible()
    expect(list_page.get_by_role("dialog")).to_have_count(0)


def test_a_busy_list_has_a_veil(list_page):
    """The cursor of a busy list must not be one that all elements in it inherit."""
    list_page.evaluate("document.getElementById('sa-sessions').ariaBusy = 'true'")
    cursor = "getComputedStyle(document.querySelector('tbody td')).cursor"
    assert list_page.evaluate(cursor) != "progress"
    veil = "getComputedStyle(document.getElementById('sa-sessions'), '::after').cursor"
    assert list_page.evaluate(veil) == "progress"
