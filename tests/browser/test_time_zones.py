"""Times are shown in the browser's time zone until a person chooses another one."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from sessions_admin.models import TrackedSession
from tests.browser.pages import expect_message, open_list, sign_in

ZONE = "browser_time_zone"
CENTRAL_EUROPE = re.compile("CES?T")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def test_times_are_the_readers(new_page, ada):
    page = new_page(timezone_id="Asia/Tokyo")
    sign_in(page, ada)
    open_list(page)
    expect(page.get_by_role("main")).to_contain_text("JST")

    page.goto(reverse("preferences"))
    page.get_by_role("combobox", name="Time zone").fill("Ljubljana, Slovenia")
    page.get_by_role("button", name="Save").click()
    expect_message(page, "Preferences saved.")
    expect(page.get_by_role("combobox", name="Time zone")).to_have_value("Ljubljana, Slovenia")
    open_list(page)
    expect(page.get_by_role("main")).to_contain_text(re.compile("CES?T"))


@pytest.fixture
def traveller(new_page, ada):
    """A page of Ada's list, in Vienna, that was last seen in Tokyo; and the loads of that page."""
    page = new_page(timezone_id="Europe/Vienna")
    sign_in(page, ada)
    # The scripts of the page have run.
    page.wait_for_load_state()
    loads = []
    page.on("request", lambda sent: loads.append(sent) if sent.is_navigation_request() else None)
    travel(page)
    return page, loads


def travel(page):
    page.evaluate(f"document.cookie = '{ZONE}=Asia/Tokyo; Path=/'")


def come_back_to(page):
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")


def test_after_a_journey_the_first_page_is_in_the_new_zone(traveller):
    page, loads = traveller
    open_list(page)
    expect(page.get_by_role("main")).to_contain_text(CENTRAL_EUROPE)
    assert len(loads) == 2
    page.reload()
    expect(page.get_by_role("main")).to_contain_text(CENTRAL_EUROPE)
    assert len(loads) == 3


def test_a_page_that_stays_open_follows_and_keeps_what_is_typed(traveller):
    page, loads = traveller
    open_list(page)
    expect(page.get_by_role("main")).to_contain_text(CENTRAL_EUROPE)
    loads.clear()
    page.goto(reverse("sessions_admin:terminate", args=[TrackedSession.objects.get().public_id]))
    reason = page.get_by_label("Reason")
    reason.fill("Lost")
    travel(page)
    come_back_to(page)
    assert reason.input_value() == "Lost"
    assert len(loads) == 1
    reason.fill("")
    travel(page)
    with page.expect_navigation():
        come_back_to(page)


def test_without_cookies_nothing_is_loaded_again(traveller):
    page, loads = traveller
    page.add_init_script(
        """Object.defineProperty(document, "cookie", {
            get: () => "browser_time_zone=Asia/Tokyo",
            set: () => {},
        })"""
    )
    open_list(page)
    come_back_to(page)
    expect(page.get_by_role("main")).to_contain_text("JST")
    assert len(loads) == 1


def test_who_has_chosen_a_zone_stays_in_it(traveller, ada):
    page, loads = traveller
    page.goto(reverse("preferences"))
    page.get_by_role("combobox", name="Time zone").fill("Nowhere")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("combobox", name="Time zone")).to_be_focused()
    page.get_by_role("combobox", name="Time zone").fill("Nairobi, Kenya")
    page.get_by_role("button", name="Save").click()
    expect_message(page, "Preferences saved.")
    travel(page)
    loads.clear()
    open_list(page)
    expect(page.get_by_role("main")).to_contain_text("EAT")
    assert len(loads) == 1


def test_without_scripts_the_zone_is_utc_and_named(new_page, ada):
    page = new_page(timezone_id="Asia/Tokyo", java_script_enabled=False)
    sign_in(page, ada)
    open_list(page)
    expect(page.get_by_role("main")).to_contain_text("UTC")
