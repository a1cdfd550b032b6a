"""Terminating one session and all sessions, with and without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from accounts.models import Membership
from tests.browser.pages import (
    CHROME_ON_WINDOWS_11,
    FIREFOX_ON_WINDOWS,
    SAFARI_ON_IPHONE,
    ask_to_terminate,
    checkbox_of,
    enter_credentials,
    expect_heading,
    expect_message,
    expect_rows,
    expect_sign_in_page,
    expect_signed_in,
    expect_signed_out,
    facts,
    member_of,
    open_list,
    query_of,
    rows,
    sign_in,
    sign_in_from,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


class TestTerminate:
    def test_an_admin_signs_a_member_out_of_one_device_without_javascript(self, new_page, ada, mia):
        phone = new_page(user_agent=SAFARI_ON_IPHONE)
        laptop = new_page(user_agent=FIREFOX_ON_WINDOWS)
        admin = new_page(java_script_enabled=False)
        for browser in (phone, laptop):
            sign_in(browser, mia)
        sign_in(admin, ada)
        open_list(admin, q="mia", application="web")
        expect_rows(admin, "Mia.*Firefox 144", "Mia.*Safari 26")

        ask_to_terminate(rows(admin, "Safari 26"))
        assert facts(admin) == {
            "User": "Mia Member mia@acme.example",
            "Account": "Acme",
            "Application": "Web app",
            "Location": "Private network 127.0.0.1",
            "Device": "iPhone Safari 26",
        }
        admin.get_by_role("link", name="Cancel").click()
        expect_rows(admin, "Mia.*Firefox 144", "Mia.*Safari 26")
        expect_signed_in(phone, mia)

        ask_to_terminate(rows(admin, "Safari 26"))
        admin.get_by_role("button", name="Terminate session").click()
        expect_message(admin, "Signed out Mia Member from Safari on iPhone.")
        expect_rows(admin, "Mia.*Firefox 144")
        assert query_of(admin) == {"q": ["mia"], "application": ["web"]}
        expect(admin.get_by_role("searchbox")).to_have_value("mia")
        expect(admin.get_by_label("Application", exact=True)).to_have_value("web")

        phone.get_by_role("link", name="Sessions Admin").click()
        expect_sign_in_page(phone)
        expect_signed_in(laptop, mia)
        expect_signed_in(admin, ada)

    def test_ones_own_session_is_marked_and_ending_it_leads_to_sign_in_and_back(
        self, new_page, ada
    ):
        here, elsewhere = new_page(user_agent=FIREFOX_ON_WINDOWS), new_page()
        for browser in (elsewhere, here):
            sign_in(browser, ada)
        open_list(here, q="ada")
        expect_rows(here, "Firefox 144", "Chrome")
        expect(rows(here, "This session")).to_have_count(1)
        expect(rows(here, "This session")).to_contain_text("Firefox 144")

        ask_to_terminate(rows(here, "This session"), question="Sign out of this device?")
        here.get_by_role("button", name="Sign out of this device").click()

        expect_sign_in_page(here)
        expect_message(here, "You've been signed out.")
        enter_credentials(here, ada)
        expect_rows(here, "Firefox 144", "Chrome")
        assert query_of(here) == {"q": ["ada"]}
        expect_signed_in(elsewhere, ada)

    def test_a_session_that_another_admin_has_ended_was_already_gone(
        self, new_page, ada, mia, acme
    ):
        olga = member_of(acme, "Olga Owner", role=Membership.Role.OWNER)
        sign_in_from("10.0.0.1", mia)
        first, second = new_page(), new_page()
        sign_in(first, ada)
        sign_in(second, olga)
        late = second.context.new_page()
        for page in (first, second, late):
            open_list(page, q="mia")
        for page in (first, second):
            ask_to_terminate(rows(page))

        for page in (first, second):
            page.get_by_role("button", name="Terminate session").click()
            expect_message(page, "Mia Member")
        rows(late).get_by_role("link", name="Terminate").click()

        expect_message(first, "Signed out Mia Member from")
        for page in (second, late):
            expect_message(page, "'s session had already ended.")
        for page in (first, second, late):
            expect_rows(page)
            assert query_of(page) == {"q": ["mia"]}


class TestDetails:
    def test_a_browser_that_is_asked_says_what_it_runs_on(self, new_page, ada):
        page = new_page()
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setUserAgentOverride", CHROME_ON_WINDOWS_11)
        sign_in(page, ada)
        open_list(page)
        expect_rows(page, "Windows 11.*Chrome 141")
        rows(page).get_by_role("link", name="Details").click()
        expect_heading(page, "Ada Admin, Chrome on Windows 11")
        assert facts(page)["Browser"] == "Chrome 141.0.7390.108"

    def test_a_session_that_moves_shows_both_locations(self, new_page, ada, mia):
        admin, phone = new_page(java_script_enabled=False), new_page(user_agent=SAFARI_ON_IPHONE)
        sign_in(phone, mia)
        thief = new_page(user_agent=FIREFOX_ON_WINDOWS)
        thief.context.add_cookies(phone.context.cookies())
        thief.goto("/")
        expect_signed_in(thief, mia)
        sign_in(admin, ada)
        open_list(admin, q="mia")
        expect_rows(admin, "iPhone.*Firefox on Windows \\(now\\)")
        rows(admin).get_by_role("link", name="Details").click()
        expect_heading(admin, "Mia Member, Safari on iPhone")
        expect(admin.get_by_text("now using Firefox on Windows.")).to_be_visible()
        expect(admin.get_by_text(FIREFOX_ON_WINDOWS)).to_be_visible()
        admin.get_by_role("link", name="Terminate session").click()
        admin.get_by_role("button", name="Terminate session").click()
        expect_message(admin, "Signed out Mia Member from")
        assert query_of(admin) == {"q": ["mia"]}
        for browser in (phone, thief):
            expect_signed_out(browser)


class TestTerminateAll:
    def test_ends_what_matches_then_everything_but_the_session_kept(
        self, new_page, ada, mia, bob, zoe
    ):
        admin = new_page()
        devices = {person: new_page() for person in (mia, bob, zoe)}
        for person, page in (*devices.items(), (ada, admin)):
            sign_in(page, person)

        open_list(admin, user=mia.pk)
        admin.get_by_role("link", name="Terminate this session").click()
        expect_heading(admin, "Terminate Mia Member (mia@acme.example)'s session?")
        expect(admin.get_by_label("Keep me signed in here")).to_have_count(0)
        admin.get_by_role("button", name="Terminate 1 session").click()
        expect_message(admin, "1 session terminated.")
        assert query_of(admin) == {"user": [str(mia.pk)]}
        expect_signed_out(devices[mia])
        expect_signed_in(devices[bob], bob)

        open_list(admin)
        admin.get_by_role("link", name="Terminate all 2 sessions").click()
        expect_heading(admin, "Terminate 2 sessions?")
        expect(admin.get_by_role("main")).to_contain_text(
            "Everyone in Acme will be signed out immediately."
        )
        admin.get_by_role("link", name="Cancel").click()
        expect_rows(admin, "Ada", "Bob")
        admin.get_by_role("link", name="Terminate all 2 sessions").click()
        admin.get_by_label("Keep me signed in here").check()
        admin.get_by_role("button", name="Terminate").click()

        expect_message(admin, "1 session terminated.")
        expect_rows(admin, "Ada.*This session")
        expect_signed_out(devices[bob])
        expect_signed_in(devices[zoe], zoe)

    def test_ends_ones_own_session_too_and_says_so(self, new_page, ada, mia):
        admin, member = new_page(java_script_enabled=False), new_page()
        sign_in(member, mia)
        sign_in(admin, ada)
        open_list(admin, account=mia.accounts.get().pk)
        admin.get_by_role("link", name="Terminate all 2 matching sessions").click()
        expect(admin.get_by_label("Keep me signed in here")).not_to_be_checked()
        admin.get_by_role("button", name="Terminate 2 sessions").click()

        expect_sign_in_page(admin)
        expect_message(admin, "2 sessions terminated. You've been signed out.")
        expect_signed_out(member)
        enter_credentials(admin, ada)
        expect_rows(admin, "Ada.*This session")


class TestWithoutScripts:
    def test_rows_are_selected_filtered_and_ended_together(self, new_page, settings, ada, mia, bob):
        admin = new_page(java_script_enabled=False)
        for number in (1, 2, 3):
            sign_in_from(f"10.0.0.{number}", mia)
        sign_in_from("10.0.1.1", bob, "account_management_login")
        sign_in(admin, ada)
        open_list(admin)
        rows(admin, "Bob").get_by_role("link", name="Account Management", exact=True).click()
        expect_rows(admin, "Bob")
        admin.get_by_role("link", name="Clear all").click()
        open_list(admin, q="mia")
        for ip in ("10.0.0.3", "10.0.0.1"):
            checkbox_of(admin, ip).check()
        admin.get_by_role("button", name="Terminate selected").click()
        expect_heading(admin, "Terminate 2 sessions?")
        admin.get_by_role("link", name="Cancel").click()
        expect_rows(admin, "0.3", "0.2", "0.1")
        for ip in ("10.0.0.3", "10.0.0.1"):
            checkbox_of(admin, ip).check()
        admin.get_by_role("button", name="Terminate selected").click()
        admin.get_by_role("button", name="Terminate 2 sessions").click()
        expect_message(admin, "2 sessions terminated.")
        expect_rows(admin, "10.0.0.2")
        assert query_of(admin) == {"q": ["mia"]}
        rows(admin).get_by_role("link", name="Terminate").click()
        expect(admin.get_by_role("dialog")).to_have_count(0)
        expect_heading(admin, "Terminate this session?")
