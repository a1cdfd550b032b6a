"""The sheet with the filters on a phone: what it covers, the focus in it, what its button says."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.pages import AXE, expect_rows, query_of, rows, sign_in, sign_in_from

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
INSIDE = "document.getElementById('sa-filters-more').contains(document.activeElement)"
PHONE = {"width": 375, "height": 812}


@pytest.fixture(params=["list", "login_records"])
def phone(request, new_page, ada, mia):
    page = new_page(viewport=PHONE, has_touch=True, is_mobile=True, reduced_motion="reduce")
    sign_in_from("10.0.0.1", mia)
    sign_in(page, ada)
    page.goto(reverse(f"sessions_admin:{request.param}"))
    expect_rows(page, "Ada", "Mia")
    return page


@pytest.fixture
def sheet(phone):
    phone.get_by_role("button", name="Filters").tap()
    sheet = phone.get_by_role("dialog", name="Filters")
    expect(sheet).to_be_visible()
    return sheet


def test_flags_open_between_the_other_filters_and_cover_none(phone, sheet):
    summary = sheet.locator(".sa-choices summary")
    beside = sheet.get_by_label("Application", exact=True)
    for measure in ("height", "x", "width"):
        assert summary.bounding_box()[measure] == beside.bounding_box()[measure]
    font = "element => getComputedStyle(element).fontSize"
    assert summary.evaluate(font) == beside.evaluate(font) == "16px"
    summary.tap()
    for box in sheet.get_by_role("checkbox").all():
        box.tap()
        expect(box).to_be_checked()
    expect(summary).to_have_accessible_name("Flags 5")
    expect_rows(phone)
    assert not Axe().run(phone, options=AXE).violations_count
    for box in sheet.get_by_role("checkbox").all():
        box.tap()
    expect(summary).to_have_accessible_name("Flags Any")
    sheet.get_by_role("button", name=re.compile("^Show")).tap()
    expect(sheet).to_be_hidden()
    expect_rows(phone, "Ada", "Mia")


def test_the_focus_stays_inside_until_escape(phone, sheet):
    for keys in (["Tab"] * 12, ["Shift+Tab"] * 14):
        for key in keys:
            phone.keyboard.press(key)
            assert phone.evaluate(INSIDE)
    phone.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(phone.get_by_role("button", name="Filters")).to_be_focused()


def test_it_stays_open_for_each_filter_and_its_button_counts_them(phone, sheet, mia):
    button = phone.locator(".sa-filters__open")
    sheet.get_by_label("User", exact=True).fill("mia")
    sheet.get_by_role("option", name="Mia").tap()
    expect_rows(phone, "Mia")
    expect(sheet).to_be_visible()
    expect(sheet.get_by_role("link", name="Clear filter: Mia")).to_be_focused()
    expect(button).to_contain_text("1 filter applied")
    sheet.get_by_label("Application", exact=True).select_option("web")
    expect(button).to_contain_text("2 filters applied")
    phone.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(button).to_be_focused()
    expect(button).to_have_accessible_name("Filters 2 filters applied")
    assert query_of(phone).items() >= {"user": [str(mia.pk)], "application": ["web"]}.items()
    phone.go_back()
    expect(rows(phone).first).to_be_visible()
    expect(sheet).to_be_hidden()


def test_it_closes_where_the_filters_stand_in_line(phone, sheet):
    phone.set_viewport_size({"width": 1200, "height": 800})
    expect(sheet).to_have_count(0)
    expect(phone.get_by_label("Application", exact=True)).to_be_visible()


def test_a_page_without_filters_can_be_turned_too(new_page, ada):
    page = new_page(viewport=PHONE)
    sign_in(page, ada)
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    page.goto(reverse("sessions_admin:own"))
    page.set_viewport_size({"width": 812, "height": 375})
    page.wait_for_function("innerWidth === 812")
    page.evaluate("dispatchEvent(new Event('resize'))")
    assert errors == []
