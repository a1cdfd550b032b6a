"""Times are shown in the browser's time zone until a person chooses another one."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.pages import expect_message, open_list, sign_in

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


def test_without_scripts_the_zone_is_utc_and_named(new_page, ada):
    page = new_page(timezone_id="Asia/Tokyo", java_script_enabled=False)
    sign_in(page, ada)
    open_list(page)
    expect(page.get_by_role("main")).to_contain_text("UTC")
