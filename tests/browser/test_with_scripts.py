"""What scripts add: search while typing, dialogs, rows that disappear, updates."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from sessions_admin.models import Termination, TrackedSession
from sessions_admin.termination import terminate
from tests.browser.pages import (
    NEWS,
    SAFARI_ON_MACOS,
    checkbox_of,
    enter_credentials,
    enter_password,
    expect_heading,
    expect_message,
    expect_rows,
    expect_sign_in_page,
    is_marked,
    mark,
    open_list,
    query_of,
    rows,
    sign_in,
    sign_in_from,
)
from tests.support.factories import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
NOTE_LEAVING = """() => {
    globalThis.leaving = 0;
    new MutationObserver(() => leaving += document.querySelectorAll(".sa-leaving").length)
        .observe(document.querySelector("tbody"), {attributes: true, subtree: true});
}"""


class TestWithScripts:
    """htmx and the page's own script update the page without a reload and lose nothing."""

    @pytest.fixture
    def list_page(self, page, ada, mia, bob):
        """Ada's list, with a mark that is lost when the page is reloaded."""
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
        expect(list_page.locator("#sa-count-status")).to_have_text("1 matching session")
        assert is_marked(list_page)

        list_page.go_back()
        expect(list_page).to_have_url(re.compile(r"sessions/$"))
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia", "Mia")
        expect(list_page.get_by_role("searchbox")).to_have_value("")
        # The scripts, which follow the way forward, come after the page.
        list_page.wait_for_load_state()
        list_page.go_forward()
        expect_rows(list_page, "Bob")
        expect(list_page.get_by_role("searchbox")).to_have_value("bob")

    def test_values_of_a_row_filter_and_chips_take_that_back(self, list_page):
        rows(list_page, "Bob").get_by_role("link", name="Account Management", exact=True).click()
        expect_rows(list_page, "Bob")
        expect(list_page.get_by_label("Application", exact=True)).to_have_value("management")
        rows(list_page).get_by_role("link", name="Bob Builder", exact=True).click()
        expect(list_page).to_have_url(re.compile("application=management&user="))
        chips = list_page.get_by_role("list", name="Active filters").get_by_role("link")
        expect(chips).to_have_text(
            [re.compile("User:.*Bob"), re.compile("Application:.*Account M"), "Clear all"]
        )
        list_page.get_by_role("link", name="Remove filter Application").click()
        expect(list_page.get_by_label("Application", exact=True)).to_have_value("")
        expect_rows(list_page, "Bob")
        list_page.get_by_role("link", name="Clear all").click()
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia", "Mia")
        assert query_of(list_page) == {}
        assert is_marked(list_page)

    def test_a_user_is_found_by_typing(self, list_page):
        list_page.get_by_label("User", exact=True).press_sequentially("mem")
        list_page.get_by_role("option", name="Mia Member (mia@acme.example)").click()
        expect_rows(list_page, "Mia", "Mia", "Mia")
        list_page.get_by_role("link", name="Clear filter: Mia Member").click()
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia", "Mia")
        assert is_marked(list_page)

    def test_the_focus_goes_to_the_count_when_its_element_has_gone(self, list_page, bob):
        count = list_page.locator("#sa-count")
        list_page.get_by_label("User", exact=True).press_sequentially("mem")
        list_page.get_by_role("option", name="Mia Member (mia@acme.example)").wait_for()
        list_page.keyboard.press("ArrowDown")
        list_page.keyboard.press("Enter")
        expect_rows(list_page, "Mia", "Mia", "Mia")
        # A filter that looks different now keeps it.
        clearing = list_page.get_by_role("link", name="Clear filter: Mia Member")
        expect(clearing).to_be_focused()
        clearing.press("Enter")
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia", "Mia")
        expect(list_page.get_by_label("User", exact=True)).to_be_focused()
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
        rows(list_page, "10.0.0.3").get_by_role("link", name="Mia Member", exact=True).click()
        expect(rows(list_page)).to_have_count(9)
        # The second row: further down, the shorter page could not keep its scroll position.
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
        expect_message(list_page, "Signed out Mia Member from Firefox on Windows.")
        expect(second.get_by_role("link", name="Terminate")).to_be_focused()
        list_page.get_by_role("button", name="Dismiss").click()
        expect(list_page.get_by_text("Signed out Mia Member")).to_have_count(0)
        assert list_page.evaluate("leaving") == 1
        assert list(query_of(list_page)) == ["user"]
        assert list_page.evaluate("scrollY") == scrolled
        assert is_marked(list_page)

    def test_a_double_click_ends_a_row_once_and_says_so(self, list_page):
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        list_page.get_by_role("button", name="Terminate session").dblclick()
        expect_rows(list_page, "Ada", "Mia", "Mia", "Mia")
        expect_message(list_page, "Signed out ")
        assert Termination.objects.count() == 1

    def test_selected_rows_are_ended_together(self, list_page):
        bar = list_page.get_by_role("form", name="Selected sessions")
        expect(bar).to_have_count(0)
        checkbox_of(list_page, "10.0.0.3").click()
        checkbox_of(list_page, "10.0.0.1").click(modifiers=["Shift"])
        expect(bar).to_contain_text("3 selected")
        checkbox_of(list_page, "10.0.0.1").click()
        expect(bar).to_contain_text("2 selected")
        list_page.locator("tbody").evaluate("old => old.dataset.isOld = true")
        list_page.get_by_role("link", name="Refresh").click()
        expect(list_page.locator("tbody[data-is-old]")).to_have_count(0)
        expect(checkbox_of(list_page, "10.0.0.3")).to_be_checked()
        bar.get_by_role("button", name="Terminate selected").click()
        question = list_page.get_by_role("dialog", name="Terminate 2 sessions?")
        expect(question.get_by_role("link", name="Cancel")).to_be_focused()
        question.get_by_role("button", name="Terminate 2 sessions").click()

        expect_message(list_page, "2 sessions terminated.")
        expect_rows(list_page, "Ada", "Bob", "10.0.0.1")
        expect(bar).to_have_count(0)
        list_page.get_by_label("Select all on this page").check()
        expect(bar).to_contain_text("3 selected")
        assert is_marked(list_page)

    def test_a_row_that_somebody_else_has_ended_says_so_when_touched(self, list_page, bob):
        terminate(TrackedSession.objects.filter(user=bob), actor=bob, scope="His")
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        expect_message(list_page, "'s session had already ended.")
        expect_rows(list_page, "Ada", "Mia", "Mia", "Mia")
        assert is_marked(list_page)

    def test_everything_of_one_person(self, list_page):
        rows(list_page, "10.0.0.3").get_by_role("link", name="Terminate").click()
        list_page.get_by_role("link", name="Terminate all of Mia Member's sessions instead").click()
        name = "Terminate all 3 of Mia Member (mia@acme.example)'s sessions?"
        question = list_page.get_by_role("dialog", name=name)
        question.get_by_role("button", name="Terminate 3 sessions").click()
        expect_message(list_page, "3 sessions terminated.")

    def test_newer_sessions_are_announced_and_shown_when_asked_for(self, list_page, mia):
        sign_in_from("10.0.0.9", mia)
        list_page.evaluate("htmx.trigger('#sa-news', 'look')")
        expect(list_page.get_by_role("link", name="1 new session · Show")).to_be_visible()
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia", "Mia")
        list_page.get_by_role("link", name="1 new session · Show").click()
        expect_rows(list_page, "10.0.0.9", "Ada", "Bob", "Mia", "Mia", "Mia")
        expect(list_page.get_by_role("link", name="1 new session · Show")).to_have_count(0)
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
        expect(page.get_by_role("link", name="1 new session · Show")).to_be_visible()
        # Polling stops after five minutes, because it would keep an unattended session alive.
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
        list_page.get_by_role("button", name="Sign out of this device").click()
        expect_sign_in_page(list_page)
        expect_message(list_page, "You've been signed out.")

    def test_a_password_is_asked_for_on_a_page_of_its_own_and_the_selection_comes_back(
        self, list_page, settings
    ):
        settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, REAUTHENTICATION_AGE=1)
        list_page.wait_for_timeout(2000)
        for ip in ("10.0.0.3", "10.0.0.2"):
            checkbox_of(list_page, ip).check()
        list_page.get_by_role("button", name="Terminate selected").click()
        expect_heading(list_page, "Confirm your password")
        settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, REAUTHENTICATION_AGE=900)
        enter_password(list_page, PASSWORD)
        expect_heading(list_page, "Terminate 2 sessions?")
        list_page.get_by_role("button", name="Terminate 2 sessions").click()
        expect_message(list_page, "2 sessions terminated.")
        expect_rows(list_page, "Ada", "Bob", "10.0.0.1")

    def test_a_server_that_does_not_answer_is_reported_and_nothing_is_lost(self, list_page):
        list_page.route(re.compile("/terminate/"), lambda route: route.abort())
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        expect_message(list_page, "Can't reach the server", role="alert")
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia", "Mia")
