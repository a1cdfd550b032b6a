"""The filters in one line on desks, and the room that a phone's cards give to the account."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.test_density import DESKS, LANGUAGES, PHONE, demo, open_demo

__all__ = ["demo"]

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.once,
    pytest.mark.usefixtures("demo"),
]
# The labels of the filters in sight, and in how many lines they stand.
FILTERS = """() => {
    const inSight = element => element.getClientRects().length > 0;
    const fields = [...document.querySelectorAll("#sa-filters .sa-field")].filter(inSight);
    const ends = fields.map(field => Math.round(field.getBoundingClientRect().bottom));
    return {
        lines: new Set(ends).size,
        canSort: inSight(document.querySelector(".sa-filters__sort")),
        headingsSort: inSight(document.querySelector("thead .sa-sort")),
        inView: [...document.querySelectorAll("tbody tr")].filter(row => {
            const box = row.getBoundingClientRect();
            return box.top >= 0 && box.bottom <= innerHeight;
        }).length,
    };
}"""


def test_the_filters_stand_in_one_line_where_the_headings_sort(new_page):
    for language in LANGUAGES:
        page = new_page(locale=language, reduced_motion="reduce")
        open_demo(page)
        for width, height in DESKS:
            page.set_viewport_size({"width": width, "height": height})
            seen = page.evaluate(FILTERS)
            at = f"{language} at {width}"
            assert seen["lines"] == 1, at
            assert not seen["canSort"], at
            assert seen["headingsSort"], at
            if (width, height) == (1440, 900):
                assert seen["inView"] >= 13, at
        page.context.close()


def test_the_filters_sort_where_the_rows_are_cards(new_page):
    page = new_page(viewport={"width": 800, "height": 900}, reduced_motion="reduce")
    open_demo(page)
    assert page.evaluate(FILTERS)["canSort"]


# In how many rows the column with this number is cut short.
CUT = """column => [...document.querySelectorAll("tbody tr")].filter(row => {
    const cell = row.cells[column];
    return cell.scrollWidth > cell.clientWidth;
}).length"""
USER, DEVICE = 0, 4


def test_wide_desks_have_room_for_users_and_devices(new_page):
    for language in LANGUAGES:
        page = new_page(locale=language, reduced_motion="reduce")
        open_demo(page)
        for width, height in DESKS[1:]:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(CUT, USER) <= 5, (language, width)
            assert page.evaluate(CUT, DEVICE) == 0, (language, width)
        page.context.close()


def test_a_text_that_is_cut_short_can_be_read_in_its_title(new_page):
    page = new_page(viewport={"width": 1024, "height": 768}, reduced_motion="reduce")
    open_demo(page)
    assert page.evaluate(CUT, DEVICE) > 0
    cell = page.locator("tbody td:nth-child(5)").filter(has_text="Unknown device").first
    cell.hover()
    expect(cell).to_have_attribute("title", re.compile("^Unknown device\n"))
    page.set_viewport_size({"width": 1920, "height": 768})
    page.mouse.move(0, 0)
    cell.hover()
    expect(cell).to_have_attribute("title", "")


# What is cut short in the first card: the beginnings of these texts.
SHORTENED = """() => [...document.querySelectorAll("tbody tr:first-child td:nth-child(2)")]
    .filter(element => element.scrollWidth > element.clientWidth)
    .map(element => element.textContent)"""
# Emails that the marks of their row cover.
COVERED = """() => [...document.querySelectorAll("tbody tr")].filter(row => {
    const email = row.querySelector("td:first-child small")?.getBoundingClientRect();
    const marks = row.querySelector(".sa-row-chips")?.getBoundingClientRect();
    return email && marks && email.left < marks.right && marks.left < email.right
        && email.top < marks.bottom && marks.top < email.bottom;
}).length"""


def test_a_card_shows_the_whole_account_where_there_is_room(new_page):
    for language in LANGUAGES:
        page = new_page(locale=language, viewport=PHONE, has_touch=True, reduced_motion="reduce")
        open_demo(page)
        for name in ("list", "login_records"):
            page.goto(reverse(f"sessions_admin:{name}"))
            page.locator("tbody tr").first.wait_for()
            assert page.evaluate(SHORTENED) == [], (language, name)
            assert page.evaluate(COVERED) == 0, (language, name)
        page.context.close()
