"""The product as people meet it: real browsers, each with cookies of its own, on the live site.

Elements are found by role and name, as a screen reader finds them, so a page that works only
for those who see it fails here.
"""

from __future__ import annotations

import gzip
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts.demo.places import networks_of, write_database
from accounts.models import Account, Membership
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.termination import terminate

from .factories import PASSWORD, AccountFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9)"
IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X)"
FIREFOX_ON_WINDOWS = f"{WINDOWS}; rv:144.0) Gecko/20100101 Firefox/144.0"
SAFARI_ON_MACOS = f"{MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15"
CHROME_ON_ANDROID = (
    f"{ANDROID} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
SAFARI_ON_IPHONE = (
    f"{IOS} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1"
)
# What a page can find out of a browser only by asking: its system is not the "NT 10.0" it says.
CHROME_ON_WINDOWS_11 = {
    "userAgent": f"{WINDOWS}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 "
    "Safari/537.36",
    "userAgentMetadata": {
        "brands": [{"brand": "Google Chrome", "version": "141"}],
        "fullVersionList": [{"brand": "Google Chrome", "version": "141.0.7390.108"}],
        "platform": "Windows",
        "platformVersion": "19.0.0",
        "architecture": "x86",
        "model": "",
        "mobile": False,
    },
}
NOTE_SHIFTS = """
globalThis.shifts = [];
new PerformanceObserver(list => shifts.push(...list.getEntries().map(entry => entry.value)))
    .observe({type: "layout-shift", buffered: true});
"""
NOTE_LEAVING = """() => {
    globalThis.leaving = 0;
    new MutationObserver(() => leaving += document.querySelectorAll(".sa-leaving").length)
        .observe(document.querySelector("tbody"), {attributes: true, subtree: true});
}"""
NEWS = "/news/?"
NEW_PASSWORD = "another-long-passphrase-7"

# A slow machine may take longer than Playwright's five seconds; nothing here waits in vain.
expect.set_options(timeout=20_000)


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
            "Place": "Private network 127.0.0.1",
            "Device": "iPhone Safari 26",
        }
        admin.get_by_role("link", name="Cancel").click()
        expect_rows(admin, "Mia.*Firefox 144", "Mia.*Safari 26")
        expect_signed_in(phone, mia)

        ask_to_terminate(rows(admin, "Safari 26"))
        admin.get_by_role("button", name="Terminate session").click()
        expect_message(admin, "Mia Member (Safari on iPhone, Private network) was signed out.")
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

        ask_to_terminate(rows(here, "This session"), question="Sign yourself out here?")
        here.get_by_role("button", name="Sign me out here").click()

        expect_sign_in_page(here)
        expect_message(here, "You ended the session you were using here.")
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

        expect_message(first, "signed out.")
        for page in (second, late):
            expect_message(page, "that session was already gone.")
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

    def test_a_session_that_moves_shows_both_places(self, new_page, ada, mia):
        admin, phone = new_page(java_script_enabled=False), new_page(user_agent=SAFARI_ON_IPHONE)
        sign_in(phone, mia)
        thief = new_page(user_agent=FIREFOX_ON_WINDOWS)
        thief.context.add_cookies(phone.context.cookies())
        thief.goto("/")
        expect_signed_in(thief, mia)
        sign_in(admin, ada)
        open_list(admin, q="mia")
        expect_rows(admin, "iPhone.*now Firefox on Windows")
        rows(admin).get_by_role("link", name="Details").click()
        expect_heading(admin, "Mia Member, Safari on iPhone")
        expect(admin.get_by_text("now on Firefox on Windows.")).to_be_visible()
        expect(admin.get_by_text(FIREFOX_ON_WINDOWS)).to_be_visible()
        admin.get_by_role("link", name="Terminate session").click()
        admin.get_by_role("button", name="Terminate session").click()
        expect_message(admin, "signed out.")
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
        admin.get_by_role("link", name=re.compile("^Terminate the (1 )?matching session")).click()
        expect_heading(admin, "Terminate the one session of Mia Member (mia@acme.example)?")
        expect(admin.get_by_label("Keep me signed in here")).to_have_count(0)
        admin.get_by_role("button", name="Terminate 1 session").click()
        expect_message(admin, "1 session ended.")
        assert query_of(admin) == {"user": [str(mia.pk)]}
        expect_signed_out(devices[mia])
        expect_signed_in(devices[bob], bob)

        open_list(admin)
        admin.get_by_role("link", name="Terminate all 2 sessions").click()
        expect_heading(admin, "Terminate 2 sessions?")
        expect(admin.get_by_role("main")).to_contain_text("2 active sessions in Acme.")
        admin.get_by_role("link", name="Cancel").click()
        expect_rows(admin, "Ada", "Bob")
        admin.get_by_role("link", name="Terminate all 2 sessions").click()
        admin.get_by_label("Keep me signed in here").check()
        admin.get_by_role("button", name="Terminate").click()

        expect_message(admin, "1 session ended.")
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
        expect_message(admin, "2 sessions ended. Yours was one of them.")
        expect_signed_out(member)
        enter_credentials(admin, ada)
        expect_rows(admin, "Ada.*This session")


class TestFinding:
    @pytest.fixture
    def list_page(self, page, settings, tmp_path, ada, mia, bob, zoe):
        """Ada's list of both accounts: herself, Zoe, Mia on her phone, Bob and Mia."""
        settings.GEOIP_PATH = tmp_path / "demo-City.mmdb"
        write_database(settings.GEOIP_PATH)
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
        expect(list_page.get_by_text("1 matching session", exact=True)).to_be_visible()

        apply(list_page, application="Account management")
        expect_heading(list_page, "No active session matches")
        expect_rows(list_page)
        expect(list_page.get_by_role("link", name=re.compile("Terminate"))).to_have_count(0)

        list_page.get_by_role("link", name="Clear all", exact=True).click()
        expect_rows(list_page, "Ada", "Zoe", "Mia.*Mobile app", "Bob", "Mia.*Web app")
        assert query_of(list_page) == {}
        expect(list_page.get_by_role("searchbox")).to_have_value("")

    def test_a_filter_that_names_nothing_shows_nothing_and_says_so(self, list_page):
        open_list(list_page, application="fax")
        expect(list_page.get_by_text("There is no such application.")).to_be_visible()
        expect_rows(list_page)
        list_page.get_by_role("link", name="Clear search and filters").click()
        expect_rows(list_page, "Ada", "Zoe", "Mia.*Mobile app", "Bob", "Mia.*Web app")

    def test_filters_and_place_survive_paging_and_terminating(self, page, settings, ada, mia, bob):
        settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, PAGE_SIZE=3)
        for number in range(1, 9):
            sign_in_from(f"10.0.0.{number}", mia)
            sign_in_from(f"10.0.1.{number}", bob)
        sign_in(page, ada)
        open_list(page)
        apply(page, user="Mia")
        expect_rows(page, "0.8", "0.7", "0.6")
        expect(page.get_by_text("8 matching sessions", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name="Newer", exact=True)).to_have_count(0)

        page.get_by_role("link", name="Older", exact=True).click()
        expect_rows(page, "0.5", "0.4", "0.3")
        ask_to_terminate(rows(page, "10.0.0.4"))
        page.get_by_role("button", name="Terminate session").click()
        expect_message(page, "signed out.")
        expect_rows(page, "0.5", "0.3", "0.2")

        page.get_by_role("link", name="Older", exact=True).click()
        expect_rows(page, "0.1")
        expect(page.get_by_role("link", name="Older", exact=True)).to_have_count(0)
        page.get_by_role("link", name="Newer", exact=True).click()
        expect_rows(page, "0.5", "0.3", "0.2")
        page.get_by_role("link", name="Newer", exact=True).click()
        expect_rows(page, "0.8", "0.7", "0.6")
        expect(page.get_by_text("7 matching sessions", exact=True)).to_be_visible()
        assert query_of(page)["user"] == [str(mia.pk)]


class TestWithScripts:
    """What htmx and the page's own script add: nothing is loaded anew, and nothing is lost."""

    @pytest.fixture
    def list_page(self, page, ada, mia, bob):
        """Ada's list, marked so that a page loaded anew is told from one that went on."""
        for number in (1, 2, 3):
            sign_in_from(f"10.0.0.{number}", mia)
        sign_in_from("10.0.1.1", bob, "account_management_login", user_agent=SAFARI_ON_MACOS)
        sign_in(page, ada)
        open_list(page)
        mark(page)
        return page

    def test_search_follows_the_typing_and_the_address_follows_the_search(self, list_page):
        list_page.keyboard.press("/")
        expect(list_page.get_by_role("searchbox")).to_be_focused()
        list_page.keyboard.type("bo", delay=400)
        expect_rows(list_page, "Bob")
        list_page.keyboard.type("b", delay=50)
        expect(list_page).to_have_url(re.compile(r"[?]q=bob$"))
        expect(list_page.get_by_role("searchbox")).to_be_focused()
        expect(list_page.locator("#sa-count-status")).to_have_text("Now listed: 1 matching session")
        assert is_marked(list_page)

        list_page.go_back()
        expect(list_page).to_have_url(re.compile(r"sessions/$"))
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia", "Mia")
        expect(list_page.get_by_role("searchbox")).to_have_value("")
        list_page.go_forward()
        expect_rows(list_page, "Bob")
        expect(list_page.get_by_role("searchbox")).to_have_value("bob")

    def test_values_of_a_row_filter_and_chips_take_that_back(self, list_page):
        rows(list_page, "Bob").get_by_role("link", name="Show only Account management").click()
        expect_rows(list_page, "Bob")
        expect(list_page.get_by_label("Application", exact=True)).to_have_value("management")
        rows(list_page).get_by_role("link", name="Show only Bob").click()
        expect(list_page).to_have_url(re.compile("application=management&user="))
        chips = list_page.get_by_role("list", name="Filters that hold").get_by_role("link")
        expect(chips).to_have_text(
            [re.compile("User:.*Bob"), re.compile("Application:.*Account m"), "Clear all"]
        )
        list_page.get_by_role("link", name="Remove the filter Application").click()
        expect(list_page.get_by_label("Application", exact=True)).to_have_value("")
        expect_rows(list_page, "Bob")
        list_page.get_by_role("link", name="Clear all").click()
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia", "Mia")
        assert query_of(list_page) == {}
        assert is_marked(list_page)

    def test_a_user_is_found_by_typing(self, list_page):
        list_page.get_by_label("User", exact=True).press_sequentially("mem")
        list_page.get_by_role("link", name="Mia Member (mia@acme.example)").click()
        expect_rows(list_page, "Mia", "Mia", "Mia")
        list_page.get_by_role("link", name="Take back Mia Member").click()
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia", "Mia")
        assert is_marked(list_page)

    def test_the_focus_goes_to_the_count_when_its_element_has_gone(self, list_page, bob):
        count = list_page.locator("#sa-count")
        list_page.get_by_label("User", exact=True).press_sequentially("mem")
        list_page.get_by_role("link", name="Mia Member (mia@acme.example)").press("Enter")
        expect_rows(list_page, "Mia", "Mia", "Mia")
        expect(count).to_be_focused()
        list_page.get_by_role("link", name="Take back Mia Member").press("Enter")
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia", "Mia")
        expect(count).to_be_focused()
        terminate(TrackedSession.objects.filter(user=bob), actor=bob, scope="His")
        rows(list_page, "Bob").get_by_role("link", name="Terminate").press("Enter")
        list_page.get_by_role("button", name="Dismiss").press("Enter")
        expect(count).to_be_focused()

    def test_letting_go_outside_of_the_dialog_closes_it_only_if_pressed_there(self, list_page):
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        question = list_page.get_by_role("dialog", name="Terminate this session?")
        reason = question.get_by_label("Reason").bounding_box()
        list_page.mouse.move(reason["x"] + 20, reason["y"] + 10)
        list_page.mouse.down()
        list_page.mouse.move(5, 5)
        list_page.mouse.up()
        expect(question).to_be_visible()
        list_page.mouse.click(5, 5)
        expect(question).to_be_hidden()

    def test_ending_a_row_keeps_filters_scroll_and_focus(self, list_page, mia):
        for _ in range(6):
            sign_in_from("10.0.0.9", mia)
        list_page.set_viewport_size({"width": 1280, "height": 400})
        rows(list_page, "10.0.0.3").get_by_role("link", name="Show only Mia Member").click()
        expect(rows(list_page)).to_have_count(9)
        # Far enough up for the page to be long enough without it.
        second = rows(list_page).nth(1)
        button = second.get_by_role("link", name="Terminate")
        button.scroll_into_view_if_needed()
        scrolled = list_page.evaluate("scrollY")
        button.press("Enter")
        question = list_page.get_by_role("dialog", name="Terminate this session?")
        expect(question.get_by_role("button", name="Terminate session")).to_be_focused()
        list_page.keyboard.press("Escape")
        expect(button).to_be_focused()
        button.press("Enter")
        expect(question.get_by_role("term")).to_have_count(7)
        list_page.evaluate(NOTE_LEAVING)
        question.get_by_role("button", name="Terminate session").press("Enter")

        expect(rows(list_page)).to_have_count(8)
        expect_message(
            list_page, "Mia Member (Firefox on Windows, Private network) was signed out."
        )
        expect(second.get_by_role("link", name="Terminate")).to_be_focused()
        list_page.get_by_role("button", name="Dismiss").click()
        expect(list_page.get_by_text("was signed out.")).to_have_count(0)
        assert list_page.evaluate("leaving") == 1
        assert list(query_of(list_page)) == ["user"]
        assert list_page.evaluate("scrollY") == scrolled
        assert is_marked(list_page)

    def test_a_double_click_ends_a_row_once_and_says_so(self, list_page):
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        list_page.get_by_role("button", name="Terminate session").dblclick()
        expect_rows(list_page, "Ada", "Mia", "Mia", "Mia")
        expect_message(list_page, "was signed out.")
        assert Termination.objects.count() == 1

    def test_ticked_rows_are_ended_together(self, list_page):
        bar = list_page.get_by_role("form", name="Ticked sessions")
        expect(bar).to_have_count(0)
        tick(list_page, "10.0.0.3").click()
        tick(list_page, "10.0.0.1").click(modifiers=["Shift"])
        expect(bar).to_contain_text("Ticked: 3")
        tick(list_page, "10.0.0.1").click()
        expect(bar).to_contain_text("Ticked: 2")
        list_page.get_by_role("link", name="Refresh").click()
        expect(tick(list_page, "10.0.0.3")).to_be_checked()
        bar.get_by_role("button", name="Terminate ticked sessions").click()
        question = list_page.get_by_role("dialog", name="Terminate 2 sessions?")
        expect(question.get_by_role("link", name="Cancel")).to_be_focused()
        question.get_by_role("button", name="Terminate 2 sessions").click()

        expect_message(list_page, "2 sessions ended.")
        expect_rows(list_page, "Ada", "Bob", "10.0.0.1")
        expect(bar).to_have_count(0)
        list_page.get_by_label("Tick all shown").check()
        expect(bar).to_contain_text("Ticked: 3")
        assert is_marked(list_page)

    def test_a_row_that_somebody_else_has_ended_says_so_when_touched(self, list_page, bob):
        terminate(TrackedSession.objects.filter(user=bob), actor=bob, scope="His")
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        expect_message(list_page, "that session was already gone.")
        expect_rows(list_page, "Ada", "Mia", "Mia", "Mia")
        assert is_marked(list_page)

    def test_everything_of_one_person(self, list_page):
        rows(list_page, "10.0.0.3").get_by_role("link", name="Terminate").click()
        list_page.get_by_role("link", name="Terminate everything of Mia Member instead").click()
        name = "Terminate all 3 sessions of Mia Member (mia@acme.example)?"
        question = list_page.get_by_role("dialog", name=name)
        question.get_by_role("button", name="Terminate 3 sessions").click()
        expect_message(list_page, "3 sessions ended.")

    def test_newer_sessions_are_told_of_and_shown_when_asked_for(self, list_page, mia):
        sign_in_from("10.0.0.9", mia)
        list_page.evaluate("htmx.trigger('#sa-news', 'look')")
        expect(list_page.get_by_role("link", name="1 new since")).to_be_visible()
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia", "Mia")
        list_page.get_by_role("link", name="1 new since").click()
        expect_rows(list_page, "10.0.0.9", "Ada", "Bob", "Mia", "Mia", "Mia")
        expect(list_page.get_by_role("link", name="1 new since")).to_have_count(0)
        assert is_marked(list_page)

    def test_it_looks_for_newer_sessions_as_long_as_somebody_is_there(self, new_page, ada, mia):
        page = new_page()
        page.clock.install()
        asked = []
        page.on("request", lambda request: asked.append(request.url) if NEWS in request.url else 0)
        sign_in(page, ada)
        open_list(page)
        sign_in_from("10.0.0.9", mia)
        page.clock.run_for(31_000)
        expect(page.get_by_role("link", name="1 new since")).to_be_visible()
        # It stops after five minutes, since going on would keep the session of nobody alive.
        page.clock.run_for(300_000)
        page.wait_for_load_state("networkidle")
        looked = len(asked)
        for _ in range(5):
            page.clock.run_for(60_000)
            page.wait_for_timeout(100)
        assert len(asked) == looked
        page.keyboard.press("Shift")
        with page.expect_request(lambda request: NEWS in request.url):
            page.clock.run_for(31_000)

    @pytest.mark.parametrize("touch", ["search", "row", "news"])
    def test_a_session_that_ended_meanwhile_leads_to_sign_in_with_the_whole_page(
        self, list_page, ada, touch
    ):
        TrackedSession.objects.filter(user=ada).first()
        terminate(TrackedSession.objects.filter(user=ada), actor=ada, scope="Hers")
        if touch == "search":
            list_page.get_by_role("searchbox").fill("x")
        elif touch == "row":
            rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        else:
            list_page.evaluate("htmx.trigger('#sa-news', 'look')")
        expect_sign_in_page(list_page)
        assert not is_marked(list_page)
        enter_credentials(list_page, ada)
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia", "Mia")

    def test_ones_own_session_ended_leads_to_sign_in(self, list_page):
        rows(list_page, "This session").get_by_role("link", name="Terminate").click()
        list_page.get_by_role("button", name="Sign me out here").click()
        expect_sign_in_page(list_page)
        expect_message(list_page, "You ended the session you were using here.")

    def test_a_password_is_asked_for_on_a_page_of_its_own_and_ticks_come_back(
        self, list_page, settings
    ):
        settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, REAUTHENTICATION_AGE=1)
        list_page.wait_for_timeout(2000)
        for ip in ("10.0.0.3", "10.0.0.2"):
            tick(list_page, ip).check()
        list_page.get_by_role("button", name="Terminate ticked sessions").click()
        expect_heading(list_page, "Confirm your password")
        settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, REAUTHENTICATION_AGE=900)
        enter_password(list_page, PASSWORD)
        expect_heading(list_page, "Terminate 2 sessions?")
        list_page.get_by_role("button", name="Terminate 2 sessions").click()
        expect_message(list_page, "2 sessions ended.")
        expect_rows(list_page, "Ada", "Bob", "10.0.0.1")

    def test_a_server_that_does_not_answer_is_told_of_and_nothing_is_lost(self, list_page):
        list_page.route(re.compile("/terminate/"), lambda route: route.abort())
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        expect_message(list_page, "That did not work", role="alert")
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia", "Mia")


class TestWithoutScripts:
    def test_rows_are_ticked_filtered_and_ended_together(self, new_page, settings, ada, mia, bob):
        admin = new_page(java_script_enabled=False)
        for number in (1, 2, 3):
            sign_in_from(f"10.0.0.{number}", mia)
        sign_in_from("10.0.1.1", bob, "account_management_login")
        sign_in(admin, ada)
        open_list(admin)
        rows(admin, "Bob").get_by_role("link", name="Show only Account management").click()
        expect_rows(admin, "Bob")
        admin.get_by_role("link", name="Clear all").click()
        open_list(admin, q="mia")
        for ip in ("10.0.0.3", "10.0.0.1"):
            tick(admin, ip).check()
        admin.get_by_role("button", name="Terminate ticked sessions").click()
        expect_heading(admin, "Terminate 2 sessions?")
        admin.get_by_role("link", name="Cancel").click()
        expect_rows(admin, "0.3", "0.2", "0.1")
        for ip in ("10.0.0.3", "10.0.0.1"):
            tick(admin, ip).check()
        admin.get_by_role("button", name="Terminate ticked sessions").click()
        admin.get_by_role("button", name="Terminate 2 sessions").click()
        expect_message(admin, "2 sessions ended.")
        expect_rows(admin, "10.0.0.2")
        assert query_of(admin) == {"q": ["mia"]}
        rows(admin).get_by_role("link", name="Terminate").click()
        expect(admin.get_by_role("dialog")).to_have_count(0)
        expect_heading(admin, "Terminate this session?")


class TestLayout:
    @pytest.mark.parametrize("scripts", [True, False])
    def test_the_fields_of_the_filters_stand_in_line(self, new_page, ada, scripts):
        page = new_page(java_script_enabled=scripts, viewport={"width": 1280, "height": 720})
        sign_in(page, ada)
        open_list(page)
        fields = [page.get_by_label(name, exact=True) for name in ("Account", "User")]
        fields[-1].focus()
        assert len({round(field.bounding_box()["y"]) for field in fields}) == 1

    def test_from_right_to_left_a_flag_stands_before_its_city(self, new_page, ada):
        page = new_page(locale="ar")
        sign_in_from("10.0.0.1", ada)
        TrackedSession.objects.update(city="Milan", country="Italy", country_code="IT")
        page.goto("/accounts/login/")
        page.locator("[name=username]").fill(ada.email)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[name=password]").press("Enter")
        page.wait_for_url("/")
        open_list(page)
        place = page.get_by_role("cell").filter(has_text="Milan")
        parts = (".sa-country-flag", ".sa-muted")
        flag, words = (place.locator(part).bounding_box() for part in parts)
        assert flag["x"] + flag["width"] == pytest.approx(words["x"] + words["width"], abs=1)


class TestFirstView:
    LIMIT = 60_000

    def test_is_light_blocks_nothing_and_does_not_shift(self, page, settings, ada, mia):
        """As it comes over the wire from the site in production: HTML, CSS and JS, compressed."""
        for number in range(60):
            sign_in_from(f"2001:db8::{number}", mia)
        sign_in(page, ada)
        page.add_init_script(NOTE_SHIFTS)
        sizes = {}
        page.on("response", lambda answer: sizes.update({answer.url: gzipped(answer.body())}))
        open_list(page)
        expect(rows(page)).to_have_count(settings.SESSIONS_ADMIN.get("PAGE_SIZE", 50))
        page.wait_for_timeout(500)
        kinds = {url.split("?")[0].rpartition(".")[2] for url in sizes}
        assert {"js", "css"} <= kinds
        assert sum(sizes.values()) < self.LIMIT, sizes
        assert page.evaluate("shifts.reduce((sum, value) => sum + value, 0)") < 0.01
        blocking = page.locator("script:not([defer], [type=module], [async])")
        expect(blocking).to_have_count(0)


class TestWhoMayOpenIt:
    def test_a_signed_out_admin_is_sent_to_sign_in_and_back_to_the_filtered_list(
        self, page, ada, mia
    ):
        sign_in_from("10.0.0.1", mia)
        page.goto(list_address(q="mia", application="web"))
        expect_sign_in_page(page)
        expect(page.get_by_text("Mia Member")).to_have_count(0)
        enter_credentials(page, ada)
        expect_rows(page, "Mia")
        assert query_of(page) == {"q": ["mia"], "application": ["web"]}

    def test_a_member_is_refused_and_told_why(self, page, mia, ada):
        sign_in_from("10.0.0.1", ada)
        sign_in(page, mia)
        expect(page.get_by_role("link", name="Active user sessions")).to_have_count(0)
        for address in every_address():
            answer = page.goto(address)
            assert answer.status == 403
            expect_heading(page, "You may not open this page")
            expect(page.get_by_role("main")).to_contain_text("Only owners and admins of an account")
            expect(page.get_by_text("Ada Admin")).to_have_count(0)
        page.get_by_role("link", name="Go to the start page").click()
        expect_heading(page, "Hello Mia")

    def test_an_admin_without_the_plan_sees_the_locked_page_and_no_data(self, page, acme, ada, mia):
        Account.objects.filter(pk=acme.pk).update(plan=Account.Plan.GROWTH)
        sign_in_from("10.0.0.1", mia)
        sign_in(page, ada)
        for address in every_address():
            page.goto(address)
            expect_heading(page, "Active user sessions is part of Advanced security")
            expect(page.get_by_role("main")).to_contain_text("Acme")
            expect(page.get_by_role("main")).not_to_contain_text("Mia")
            expect(page.get_by_role("main")).not_to_contain_text("10.0.0.1")
            expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)

        Account.objects.filter(pk=acme.pk).update(advanced_security_addon=True)
        open_list(page)
        expect_rows(page, "Ada", "Mia")


class TestKeyboard:
    def test_signing_in_and_ending_a_session_take_no_mouse(self, new_page, ada, mia):
        member, admin = new_page(user_agent=SAFARI_ON_IPHONE), new_page()
        sign_in(member, mia)

        admin.goto(reverse("login"))
        expect(admin.get_by_label("E-mail address")).to_be_focused()
        admin.keyboard.type(ada.email)
        admin.keyboard.press("Tab")
        admin.keyboard.type(PASSWORD)
        admin.keyboard.press("Enter")
        expect_heading(admin, "Hello Ada")

        admin.keyboard.press("Tab")
        expect(admin.get_by_role("link", name="Skip to content")).to_be_focused()
        admin.keyboard.press("Enter")
        tab_to(admin, admin.get_by_role("main").get_by_role("link", name="Active user sessions"))
        admin.keyboard.press("Enter")
        expect_rows(admin, "Ada", "Mia")

        tab_to(admin, admin.get_by_role("searchbox"))
        admin.keyboard.type("mia")
        admin.keyboard.press("Enter")
        expect_rows(admin, "Mia")
        tab_to(admin, rows(admin).get_by_role("link", name="Terminate"))
        admin.keyboard.press("Enter")
        expect_heading(admin, "Terminate this session?")
        tab_to(admin, admin.get_by_role("button", name="Terminate session"))
        admin.keyboard.press("Enter")
        expect_message(admin, "signed out.")
        expect_signed_out(member)


@pytest.mark.parametrize("scheme", ["light", "dark"])
class TestAccessibility:
    """Axe finds no fault, no page is wider than a small phone, the CSP refuses nothing."""

    @pytest.fixture
    def inspected(self, new_page, scheme):
        # In the middle of a transition no colour is what it is going to be.
        inspected = Inspected(new_page(color_scheme=scheme, reduced_motion="reduce"))
        yield inspected
        assert not inspected.faults, "\n\n".join(inspected.faults)

    def test_pages_of_people_who_are_signed_out(self, inspected, mia):
        page = inspected.page
        page.goto(reverse("account_management_login"))
        inspected.look("Sign in to Account management")
        page.goto(reverse("login"))
        enter_credentials(page, mia, password="wrong")
        expect_message(page, "do not match", role="alert")
        inspected.look("Sign in to Web app")

        page.get_by_role("link", name="Forgot your password?").click()
        inspected.look("Reset your password")
        page.get_by_label(re.compile("^e-?mail", re.IGNORECASE)).fill(mia.email)
        page.get_by_role("button", name="Send the link").click()
        inspected.look("Check your e-mail")
        link = re.search(r"https?://\S+", mail.outbox[0].body).group()
        page.goto(link)
        inspected.look("Choose a new password")
        fill_new_password(page)
        page.get_by_role("button", name="Save the new password").click()
        inspected.look("Your password is changed")
        page.goto(link)
        inspected.look("This link does not work any more")

    def test_pages_of_a_member(self, inspected, mia):
        page = inspected.page
        MembershipFactory(user=mia, account__name="Zebra")
        sign_in(page, mia)
        inspected.look("Choose an account")
        page.get_by_role("button", name="Zebra").click()
        inspected.look("Hello Mia")
        page.goto(reverse("account_management"))
        inspected.look("Account Management")
        page.goto(list_address())
        inspected.look("You may not open this page")
        page.goto("/nowhere/")
        inspected.look("This page does not exist")
        sign_in_from(city_address("Ljubljana"), mia)
        page.goto(reverse("sessions_admin:own"))
        inspected.look("Your sessions")
        page.get_by_role("button", name="End the session on Firefox on Windows").click()
        expect_message(page, "1 other session of yours ended.")
        page.goto(reverse("password_change"))
        page.get_by_label("Old password").fill("wrong")
        fill_new_password(page)
        page.get_by_role("button", name="Change password").click()
        inspected.look("Change password")
        page.get_by_label("Old password").fill(PASSWORD)
        fill_new_password(page)
        page.get_by_role("button", name="Change password").click()
        inspected.look("Your password is changed")

    def test_pages_of_an_admin(self, inspected, settings, acme, ada, mia, bob):
        settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, PAGE_SIZE=4)
        page = inspected.page
        wordy = member_of(acme, "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren Senior")
        sign_in_from("10.0.0.1", bob, user_agent="")
        sign_in_from("10.0.0.2", mia, user_agent=SAFARI_ON_IPHONE)
        sign_in_from("malformed", mia, "mobile_sign_in", user_agent="AcmeMobile/3.2")
        sign_in_from("2001:db8:1111:2222:3333:4444:5555:6666", wordy, user_agent=CHROME_ON_ANDROID)
        sign_in(page, ada)
        inspected.look("Hello Ada")
        page.get_by_role("group").get_by_text("Ada Admin").first.click()
        inspected.look("Hello Ada")
        page.goto(reverse("account_management"))
        inspected.look("Account Management")

        open_list(page)
        expect_rows(page, "Ada", "Wolfe", "Mia", "Mia")
        inspected.look("Active user sessions")
        rows(page, "Wolfe").get_by_role("link", name="Details").click()
        inspected.look(f"{wordy.name}, Chrome on Pixel 9")
        open_list(page)
        tick(page, "Wolfe").check()
        expect(page.get_by_role("form", name="Ticked sessions")).to_be_visible()
        inspected.look("Active user sessions")
        page.get_by_role("button", name="Terminate ticked sessions").click()
        inspected.look("Terminate 1 session?")
        page.keyboard.press("Escape")
        ask_to_terminate(rows(page, "Wolfe"))
        inspected.look("Terminate this session?")
        stolen = TrackedSession.objects.get(user=wordy).session_key
        page.get_by_label("Reason, for the termination (optional)").fill("A lost phone")
        page.get_by_role("button", name="Terminate session").click()
        expect_message(page, "signed out.")
        page.get_by_role("link", name=re.compile("^Terminate all")).click()
        inspected.look("Terminate 4 sessions?")
        # The same as pages, which is what they are without scripts.
        row = TrackedSession.objects.filter(ended_at=None).earliest("pk")
        page.goto(reverse("sessions_admin:terminate", args=[row.public_id]))
        inspected.look("Terminate this session?")
        page.goto(reverse("sessions_admin:terminate_all", query={"user": mia.pk}))
        inspected.look("Terminate all 2 sessions of Mia Member (mia@acme.example)?")
        page.goto(reverse("sessions_admin:terminate_selected"))
        inspected.look("Nothing to terminate")
        page.goto(reverse("sessions_admin:detail", args=[row.public_id]))
        inspected.look("Bob Builder, Unknown device")
        termination = Termination.objects.get()
        page.goto(reverse("sessions_admin:progress", args=[termination.public_id]))
        inspected.look("Sessions terminated")
        come_back("203.0.113.9", stolen)
        open_list(page)
        page.get_by_role("link", name="Receipts").click()
        expect_rows(page, "Wolfe.*A lost phone.*1 ended.*1 session")
        inspected.look("Receipts")
        page.get_by_role("link", name=re.compile("Wolfe")).click()
        expect(page.get_by_role("region", name="Somebody tried")).to_contain_text("203.0.113.9")
        inspected.look("Receipt")
        open_list(page, q="nobody", application="fax")
        expect(page.get_by_text("There is no such application.")).to_be_visible()
        inspected.look("Active user sessions")

        Account.objects.update(plan=Account.Plan.STARTER)
        open_list(page)
        inspected.look("Active user sessions is part of Advanced security")

    def test_pages_that_ask_who_it_is(self, inspected, settings, ada, mia):
        page = inspected.page
        settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, REAUTHENTICATION_AGE=1)
        sign_in(page, ada)
        page.wait_for_timeout(2000)
        page.goto(reverse("sessions_admin:termination_log"))
        enter_password(page, "wrong")
        expect_message(page, "This is not your password.", role="alert")
        inspected.look("Confirm your password")
        settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, REAUTHENTICATION_AGE=900)
        enter_password(page, PASSWORD)
        inspected.look("Receipts")

        session = TrackedSession.objects.filter(user=ada)
        terminate(session, actor=mia, scope="Hers")
        page.goto(reverse("password_change"))
        expect_message(page, "An administrator ended this session on")
        inspected.look("Sign in to Web app")
        # The tenth: the one above counts, too.
        for _ in range(9):
            enter_credentials(page, ada, password="wrong")
        inspected.look("Too many tries")


class Inspected:
    """A page that is looked at on the way, and what was wrong with it."""

    PHONES = (375, 320)

    def __init__(self, page):
        self.page = page
        self.faults = []
        page.on("console", lambda message: self.note_refusal(message.text))

    def look(self, heading):
        """Inspect the page that has this heading, as wide as it is and as narrow as a phone."""
        expect_heading(self.page, heading)
        size = self.page.viewport_size
        self.note_violations()
        for width in self.PHONES:
            self.page.set_viewport_size({"width": width, "height": 700})
            self.note_overflow(width)
        # Where room is short the rows are laid out as cards.
        self.note_violations()
        self.page.set_viewport_size(size)

    def note_violations(self):
        results = Axe().run(self.page)
        if results.violations_count:
            self.faults.append(f"{self.page.url}\n{results.generate_report()}")

    def note_overflow(self, width):
        overflow = self.page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        if overflow > 0:
            self.faults.append(f"{self.page.url} is {overflow} px too wide for {width} px")

    def note_refusal(self, text):
        if "Content Security Policy" in text:
            self.faults.append(f"{self.page.url}\n{text}")


@pytest.fixture
def acme():
    return AccountFactory(name="Acme")


@pytest.fixture
def ada(acme):
    """An admin of Acme, who has chosen it for good."""
    return member_of(acme, "Ada Admin", role=Membership.Role.ADMIN, last_chosen_at=timezone.now())


@pytest.fixture
def mia(acme):
    return member_of(acme, "Mia Member")


@pytest.fixture
def bob(acme):
    return member_of(acme, "Bob Builder")


@pytest.fixture
def zoe():
    """A member of another account, Birch."""
    return member_of(AccountFactory(name="Birch"), "Zoe Else")


def member_of(account, name, **membership):
    email = f"{name.split()[0].lower()}@{account.name.lower()}.example"
    person = UserFactory(name=name, email=email)
    return MembershipFactory(user=person, account=account, **membership).user


def sign_in(page, person, entrance="login"):
    """Sign in with this browser, and wait until it has."""
    page.goto(reverse(entrance))
    enter_credentials(page, person)
    expect(page.get_by_text("(your menu)")).to_be_attached()


def enter_credentials(page, person, password=PASSWORD):
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def sign_in_from(ip_address, person, entrance="login", user_agent=FIREFOX_ON_WINDOWS):
    """Sign in from elsewhere: all that a browser on this machine cannot do is have its address."""
    client = Client(REMOTE_ADDR=ip_address, HTTP_USER_AGENT=user_agent)
    credentials = {"password": PASSWORD}
    if entrance == "mobile_sign_in":
        credentials["email"] = person.email
        answer = client.post(reverse(entrance), credentials, content_type="application/json")
    else:
        credentials["username"] = person.email
        answer = client.post(reverse(entrance), credentials)
    assert answer.status_code in {200, 302}


def come_back(ip_address, session_key):
    """Use a copy of somebody's cookie from elsewhere."""
    thief = Client(REMOTE_ADDR=ip_address, HTTP_USER_AGENT=FIREFOX_ON_WINDOWS)
    thief.cookies["sessionid"] = session_key
    assert thief.get(reverse("mobile_me")).status_code == 401


def enter_password(page, password):
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Continue").click()


def city_address(city):
    """An address that the demo's map places in this city."""
    return str(networks_of(city)[1][9])


def fill_new_password(page):
    page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New password confirmation").fill(NEW_PASSWORD)


def list_address(**filters):
    return reverse("sessions_admin:list", query=filters or None)


def every_address():
    """The list, its two actions, the first of them on the session that came first, and the rest."""
    session = TrackedSession.objects.earliest("pk")
    return (
        list_address(),
        reverse("sessions_admin:termination_log"),
        reverse("sessions_admin:reauthenticate"),
        reverse("sessions_admin:terminate", args=[session.public_id]),
        reverse("sessions_admin:terminate_all"),
    )


def open_list(page, **filters):
    page.goto(list_address(**filters))


def query_of(page):
    return parse_qs(urlsplit(page.url).query)


def apply(page, search=None, **choices):
    """Fill in the search, choose filters by what they are called, and apply them."""
    if search is not None:
        page.get_by_role("searchbox").fill(search)
    if label := choices.pop("user", None):
        page.get_by_label("User", exact=True).fill(label)
        page.keyboard.press("Enter")
    for name, label in choices.items():
        select = page.get_by_label(name.capitalize(), exact=True)
        option = select.get_by_role("option").filter(has_text=re.compile(f"^{label}"))
        select.select_option(value=option.get_attribute("value"))
    if (button := page.get_by_role("button", name="Apply")).is_visible():
        button.click()


def rows(page, text=""):
    """The sessions in the list, without the headings; those with this text."""
    listed = page.get_by_role("row").filter(has=page.get_by_role("cell"))
    return listed.filter(has_text=text) if text else listed


def ask_to_terminate(row, question="Terminate this session?"):
    row.get_by_role("link", name="Terminate").click()
    expect_heading(row.page, question)


def facts(page):
    """What a confirmation says about its session, or its filters, apart from moments."""
    names = page.get_by_role("term").all_inner_texts()
    values = page.get_by_role("definition").all_inner_texts()
    said = {name: " ".join(value.split()) for name, value in zip(names, values, strict=True)}
    return {k: v for k, v in said.items() if k not in {"Signed in", "Last active"}}


def tick(page, text):
    """The box in the row with this text."""
    return rows(page, text).get_by_role("checkbox")


def mark(page):
    page.evaluate("globalThis.isMarked = true")


def is_marked(page):
    """Whether the page is still the one that was marked, not loaded anew."""
    return page.evaluate("globalThis.isMarked === true")


def gzipped(body):
    return len(gzip.compress(body, 6))


def tab_to(page, element):
    """Press Tab until the element has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if element.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"Tab never reaches {element}")


def expect_rows(page, *patterns):
    """Exactly these sessions are listed, in this order."""
    expected = [re.compile(pattern, re.DOTALL) for pattern in patterns]
    expect(rows(page)).to_have_text(expected)


def expect_heading(page, text):
    expect(page.get_by_role("heading", name=text, exact=True).first).to_be_visible()


def expect_message(page, text, role="status"):
    expect(page.get_by_role(role)).to_contain_text(text)


def expect_sign_in_page(page):
    expect_heading(page, "Sign in to Web app")


def expect_signed_in(page, person):
    page.goto(reverse("home"))
    expect_heading(page, f"Hello {person.get_short_name()}")


def expect_signed_out(page):
    page.goto(reverse("home"))
    expect_sign_in_page(page)
