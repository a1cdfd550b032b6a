"""Search, filters and paging in the browser."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from accounts.models import Membership
from tests.browser.pages import (
    CHROME_ON_ANDROID,
    FIREFOX_ON_WINDOWS,
    SAFARI_ON_MACOS,
    apply,
    ask_to_terminate,
    city_address,
    expect_heading,
    expect_message,
    expect_rows,
    open_list,
    query_of,
    rows,
    sign_in,
    sign_in_from,
)
from tests.support.factories import MembershipFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


class TestFinding:
    @pytest.fixture
    def list_page(self, page, demo_map, ada, mia, bob, zoe):
        """Ada's list of both accounts: herself, Zoe, Mia on her phone, Bob and Mia."""
        MembershipFactory(user=ada, account=zoe.accounts.get(), role=Membership.Role.OWNER)
        sign_in_from(city_address("Ljubljana"), mia, user_agent=FIREFOX_ON_WINDOWS)
        sign_in_from(
            city_address("Paris"), bob, "account_management_login", user_agent=SAFARI_ON_MACOS
        )
        sign_in_from(city_address("Tokyo"), mia, "mobile_sign_in", user_agent="AcmeMobile/3.2")
        sign_in_from(city_address("Paris"), zoe, user_agent=CHROME_ON_ANDROID)
        sign_in(page, ada)
        open_list(page)
        expect_rows(page, "Ada", "Zoe", "Mia.*Mobile app", "Bob", "Mia.*Web app")
        return page

    def test_search_looks_everywhere(self, list_page):
        found = {
            "MIA": ["Mia.*Mobile app", "Mia.*Web app"],
            "zoe@birch": ["Zoe"],
            "birch": ["Zoe"],
            "ljubljana": ["Mia.*Web app"],
            "france": ["Zoe", "Bob"],
            city_address("Tokyo"): ["Mia.*Mobile app"],
            "198.18.": ["Zoe", "Mia.*Mobile app", "Bob", "Mia.*Web app"],
            "firefox": ["Mia.*Web app"],
            "pixel": ["Zoe"],
            "mobile app": ["Mia.*Mobile app"],
            "paris safari": ["Bob"],
            "tokyo firefox": [],
            "100%": [],
        }
        for text, expected in found.items():
            list_page.get_by_role("searchbox").fill(text)
            list_page.keyboard.press("Enter")
            asked = re.escape(urlencode({"q": text}))
            expect(list_page).to_have_url(re.compile(f"[?]{asked}(&|$)"))
            expect_rows(list_page, *expected)

    def test_filters_combine_with_each_other_and_with_the_search(self, list_page):
        apply(list_page, account="Acme")
        expect_rows(list_page, "Ada", "Mia.*Mobile app", "Bob", "Mia.*Web app")
        apply(list_page, application="Web app")
        expect_rows(list_page, "Ada", "Mia.*Web app")
        apply(list_page, account="All accounts")
        expect_rows(list_page, "Ada", "Zoe", "Mia.*Web app")
        apply(list_page, account="Birch")
        expect_rows(list_page, "Zoe")
        apply(list_page, account="All accounts", application="All applications")
        apply(list_page, user="Mia")
        expect_rows(list_page, "Mia.*Mobile app", "Mia.*Web app")
        apply(list_page, search="slovenia", application="Web app")
        expect_rows(list_page, "Mia.*Web app")
        expect(list_page.locator("#sa-count")).to_have_text("1 matching session")

        apply(list_page, application="Account Management")
        expect_heading(list_page, "No sessions match your search")
        expect_rows(list_page)
        expect(list_page.get_by_role("link", name=re.compile("Terminate"))).to_have_count(0)

        list_page.get_by_role("link", name="Clear all", exact=True).click()
        expect_rows(list_page, "Ada", "Zoe", "Mia.*Mobile app", "Bob", "Mia.*Web app")
        assert query_of(list_page) == {}
        expect(list_page.get_by_role("searchbox")).to_have_value("")

    def test_a_filter_that_names_nothing_shows_nothing_and_says_so(self, list_page):
        open_list(list_page, application="fax")
        expect(
            list_page.get_by_text("That application doesn't exist, so no sessions match.")
        ).to_be_visible()
        expect_rows(list_page)
        list_page.get_by_role("link", name="Clear all filters").click()
        expect_rows(list_page, "Ada", "Zoe", "Mia.*Mobile app", "Bob", "Mia.*Web app")

    def test_filters_and_position_survive_paging_and_terminating(
        self, page, settings, ada, mia, bob
    ):
        settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, PAGE_SIZE=3)
        for number in range(1, 9):
            sign_in_from(f"10.0.0.{number}", mia)
            sign_in_from(f"10.0.1.{number}", bob)
        sign_in(page, ada)
        open_list(page)
        apply(page, user="Mia")
        expect_rows(page, "0.8", "0.7", "0.6")
        expect(page.locator("#sa-count")).to_have_text("8 matching sessions")
        expect(page.get_by_role("link", name="Newer", exact=True)).to_have_count(0)

        page.get_by_role("link", name="Older", exact=True).click()
        expect_rows(page, "0.5", "0.4", "0.3")
        ask_to_terminate(rows(page, "10.0.0.4"))
        page.get_by_role("button", name="Terminate session").click()
        expect_message(page, "Signed out Mia Member from")
        expect_rows(page, "0.5", "0.3", "0.2")

        page.get_by_role("link", name="Older", exact=True).click()
        expect_rows(page, "0.1")
        expect(page.get_by_role("link", name="Older", exact=True)).to_have_count(0)
        page.get_by_role("link", name="Newer", exact=True).click()
        expect_rows(page, "0.5", "0.3", "0.2")
        page.get_by_role("link", name="Newer", exact=True).click()
        expect_rows(page, "0.8", "0.7", "0.6")
        expect(page.locator("#sa-count")).to_have_text("7 matching sessions")
        assert query_of(page)["user"] == [str(mia.pk)]
