"""The strip of flags, the filter for flags, and sorting, in the browser."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from sessions_admin.models import TrackedSession
from tests.browser.pages import (
    AXE,
    city_address,
    come_back,
    expect_rows,
    open_list,
    query_of,
    sign_in,
    sign_in_from,
    tab_to,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture
def list_page(page, demo_map, ada, mia, bob):
    """Ada's list: herself, then Mia from Tokyo, who was in Paris an hour ago, and Bob."""
    sign_in_from(city_address("Paris"), bob)
    sign_in_from(city_address("Paris"), mia)
    hour = timedelta(hours=1)
    TrackedSession.objects.update(last_seen_at=timezone.now() - hour)
    TrackedSession.objects.filter(user=bob).update(
        is_new_kind=True, last_seen_at=timezone.now() - 3 * hour
    )
    sign_in_from(city_address("Tokyo"), mia)
    sign_in(page, ada)
    open_list(page)
    expect_rows(page, "Ada", "Mia.*Tokyo", "Mia.*Paris", "Bob")
    return page


def chip(page, name):
    return page.locator(".sa-flags").get_by_role("link", name=name)


def test_flags_are_chosen_together_and_taken_away_in_the_strip(list_page):
    chip(list_page, "Impossible travel").click()
    expect_rows(list_page, "Mia.*Tokyo")
    expect(chip(list_page, "Impossible travel")).to_have_attribute("aria-current", "true")
    chip(list_page, "New type of device").click()
    expect_rows(list_page, "Mia.*Tokyo", "Bob")
    assert query_of(list_page)["flag"] == ["far", "device"]
    list_page.get_by_role("searchbox").fill("bob")
    expect_rows(list_page, "Bob")
    expect(chip(list_page, "Impossible travel")).to_contain_text("0")
    chip(list_page, "Impossible travel").click()
    expect(chip(list_page, "Impossible travel")).to_have_count(0)
    assert query_of(list_page) == {"q": ["bob"], "flag": ["device"]}
    chip(list_page, "New type of device").click()
    expect(list_page).to_have_url(re.compile(r"\?q=bob$"))
    expect_rows(list_page, "Bob")


def test_flags_are_chosen_in_the_filters_by_keyboard(list_page):
    list_page.locator(".sa-choices summary").focus()
    list_page.keyboard.press("Enter")
    box = list_page.get_by_label("Impossible travel", exact=True)
    expect(box).to_be_visible()
    list_page.keyboard.press("Tab")
    list_page.keyboard.press("Space")
    expect_rows(list_page, "Mia.*Tokyo")
    # The list of flags stays open for the next one.
    box = list_page.get_by_role("checkbox", name="Impossible travel", exact=True)
    expect(box).to_be_checked()
    field = list_page.locator(".sa-choices summary")
    expect(field).to_have_accessible_name("Flags Impossible travel")
    list_page.get_by_label("New type of device", exact=True).check()
    expect_rows(list_page, "Mia.*Tokyo", "Bob")
    expect(field).to_have_accessible_name("Flags 2")
    violations = Axe().run(list_page, options=AXE).response["violations"]
    assert [each["id"] for each in violations] == []
    list_page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(field).to_be_focused()


def test_flags_close_when_attention_is_elsewhere(list_page):
    field = list_page.locator(".sa-choices summary")
    box = list_page.get_by_label("Impossible travel", exact=True)
    field.click()
    # Not where the focus goes when somebody clicks beside the boxes.
    list_page.locator(".sa-choices__list").click(position={"x": 3, "y": 3})
    expect(box).to_be_visible()
    list_page.get_by_role("heading", level=1).click()
    expect(box).to_be_hidden()
    field.click()
    expect(box).to_be_visible()
    list_page.get_by_label("Country", exact=True).focus()
    expect(box).to_be_hidden()


def test_the_focus_stays_on_what_changes_the_list(list_page):
    seen = list_page.get_by_role("columnheader", name="Last active")
    seen.get_by_role("link").focus()
    list_page.keyboard.press("Enter")
    expect(seen).to_have_attribute("aria-sort", "descending")
    expect(seen.get_by_role("link")).to_be_focused()
    list_page.keyboard.press("Enter")
    expect(seen).to_have_attribute("aria-sort", "ascending")
    expect(seen.get_by_role("link")).to_be_focused()
    for name in ("Impossible travel", "New type of device"):
        chip(list_page, name).focus()
        list_page.keyboard.press("Enter")
        expect(chip(list_page, name)).to_have_attribute("aria-current", "true")
        expect(chip(list_page, name)).to_be_focused()
    list_page.get_by_label("User", exact=True).fill("bob")
    list_page.get_by_role("option", name="Bob").click()
    expect(list_page.get_by_role("link", name="Clear filter: Bob")).to_be_focused()
    removing = list_page.get_by_role("link", name=re.compile("^Remove filter .*:"))
    removing.first.focus()
    list_page.keyboard.press("Enter")
    expect(removing).to_have_count(1)
    expect(removing).to_be_focused()
    list_page.keyboard.press("Enter")
    expect(list_page.locator("#sa-count")).to_be_focused()


def test_a_country_is_typed_and_kept_with_the_other_filters(list_page):
    list_page.get_by_label("Country", exact=True).fill("fran")
    list_page.get_by_role("option", name="France", exact=True).click()
    expect_rows(list_page, "Mia.*Paris", "Bob")
    expect(list_page).to_have_url(re.compile("country=FR"))
    list_page.get_by_role("searchbox").fill("mia")
    expect_rows(list_page, "Mia.*Paris")
    assert query_of(list_page)["country"] == ["FR"]


def test_headings_sort_by_keyboard_and_say_so(list_page):
    created = list_page.get_by_role("columnheader", name="Created On")
    seen = list_page.get_by_role("columnheader", name="Last active")
    expect(created).to_have_attribute("aria-sort", "descending")
    tab_to(list_page, seen.get_by_role("link"))
    list_page.keyboard.press("Enter")
    expect(seen).to_have_attribute("aria-sort", "descending")
    assert created.get_attribute("aria-sort") is None
    expect_rows(list_page, "Ada", "Mia.*Tokyo", "Mia.*Paris", "Bob")
    seen.get_by_role("link").click()
    expect(seen).to_have_attribute("aria-sort", "ascending")
    expect_rows(list_page, "Bob", "Mia.*Paris", "Mia.*Tokyo", "Ada")
    # The order survives a filter.
    list_page.get_by_role("searchbox").fill("mia")
    expect_rows(list_page, "Mia.*Paris", "Mia.*Tokyo")
    created.get_by_role("link").click()
    expect_rows(list_page, "Mia.*Tokyo", "Mia.*Paris")
    created.get_by_role("link").click()
    expect_rows(list_page, "Mia.*Paris", "Mia.*Tokyo")
    list_page.go_back()
    expect(created).to_have_attribute("aria-sort", "descending")


def test_on_a_phone_the_order_is_a_filter(new_page, ada, mia):
    page = new_page(viewport={"width": 375, "height": 812})
    sign_in_from("10.0.0.1", mia)
    sign_in(page, ada)
    open_list(page)
    expect_rows(page, "Ada", "Mia")
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Sort by").select_option("Oldest first")
    page.get_by_role("button", name="Show sessions").click()
    expect_rows(page, "Mia", "Ada")
    assert query_of(page)["sort"] == ["oldest"]


def test_an_answer_while_the_filters_close_stays_in_the_address(new_page, ada, mia):
    """The browser goes back to the entry below the filters, which may take longer."""
    page = new_page(viewport={"width": 375, "height": 812})
    page.add_init_script(
        "const back = history.back.bind(history); history.back = () => setTimeout(back, 1000)"
    )
    sign_in_from("10.0.0.1", mia)
    sign_in(page, ada)
    open_list(page)
    expect_rows(page, "Ada", "Mia")
    slow = {"offline": False, "latency": 400, "downloadThroughput": -1, "uploadThroughput": -1}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Sort by").select_option("Oldest first")
    page.get_by_role("button", name="Show sessions").click()
    expect_rows(page, "Mia", "Ada")
    page.wait_for_timeout(1200)
    assert query_of(page)["sort"] == ["oldest"]
    page.go_back()
    expect_rows(page, "Ada", "Mia")
    assert "sort" not in query_of(page)


def test_without_scripts_filters_and_order_are_a_form(new_page, demo_map, ada, mia):
    page = new_page(java_script_enabled=False)
    sign_in_from(city_address("Paris"), mia)
    sign_in(page, ada)
    open_list(page)
    page.get_by_label("Country", exact=True).fill("France")
    page.get_by_role("button", name="Apply").click()
    expect_rows(page, "Mia")
    page.get_by_role("link", name="Clear all", exact=True).click()
    page.get_by_role("columnheader", name="Created On").get_by_role("link").click()
    expect_rows(page, "Mia", "Ada")


def test_an_alarm_is_seen_and_leads_to_its_entry(page, ada, mia):
    sign_in_from("10.0.0.1", mia)
    victim = TrackedSession.objects.get(user=mia)
    key = victim.session_key
    sign_in(page, ada)
    open_list(page)
    page.get_by_role("row", name="Mia").get_by_role("link", name="Terminate").click()
    page.get_by_role("button", name="Terminate session").click()
    expect_rows(page, "Ada")
    come_back("203.0.113.9", key)
    open_list(page)
    alarm = page.get_by_role("link", name="Someone tried to reuse a terminated session")
    expect(alarm).to_have_count(2)
    alarm.first.click()
    page.get_by_role("link", name=re.compile("Terminated Mia")).click()
    expect(page.get_by_text("reset that person's password")).to_be_visible()
    expect(alarm).to_have_count(0)
    open_list(page)
    expect(alarm).to_have_count(0)
