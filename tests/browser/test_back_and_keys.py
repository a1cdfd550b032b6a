"""Back, the selection across searches, rows by keyboard, and the focus after a wrong password."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.pages import (
    checkbox_of,
    enter_credentials,
    enter_password,
    expect_heading,
    expect_message,
    expect_rows,
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


@pytest.fixture
def list_page(page, ada, mia, bob):
    """Ada's list, reached from her home page."""
    for number in (1, 2):
        sign_in_from(f"10.0.0.{number}", mia)
    sign_in_from("10.0.1.1", bob)
    sign_in(page, ada)
    page.goto(reverse("home"))
    open_list(page)
    expect_rows(page, "Ada", "Bob", "Mia", "Mia")
    mark(page)
    return page


class TestBack:
    def test_back_closes_a_question_and_then_leaves_the_page(self, list_page):
        dialog = list_page.get_by_role("dialog")
        rows(list_page, "Bob").get_by_role("link", name="Details").click()
        expect(dialog).to_be_visible()
        dialog.get_by_role("link", name="Terminate session").click()
        expect(dialog).to_contain_text("Terminate this session?")
        list_page.go_back()
        expect(dialog).to_be_hidden()
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia")
        expect(rows(list_page, "Bob").get_by_role("link", name="Details")).to_be_focused()
        assert is_marked(list_page)
        list_page.go_back()
        expect(list_page).to_have_url(re.compile(f"{reverse('home')}$"))

    @pytest.mark.parametrize("closing", ["Escape", "Cancel", "acting"])
    def test_a_dialog_that_is_closed_otherwise_leaves_no_entry_behind(self, list_page, closing):
        list_page.get_by_role("searchbox").fill("mia")
        expect(list_page).to_have_url(re.compile("q=mia"))
        expect_rows(list_page, "Mia", "Mia")
        rows(list_page, "10.0.0.1").get_by_role("link", name="Terminate").click()
        dialog = list_page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        if closing == "Escape":
            list_page.keyboard.press("Escape")
        elif closing == "Cancel":
            dialog.get_by_role("link", name="Cancel").click()
        else:
            dialog.get_by_role("button", name="Terminate session").click()
            expect_rows(list_page, "10.0.0.2")
        expect(dialog).to_be_hidden()
        list_page.wait_for_function("!history.state?.saIsOver")
        assert query_of(list_page) == {"q": ["mia"]}
        assert is_marked(list_page)
        list_page.go_back()
        expect(list_page.get_by_role("searchbox")).to_have_value("")
        assert query_of(list_page) == {}

    def test_a_list_chosen_in_the_dialog_takes_its_entry(self, list_page, mia):
        rows(list_page, "10.0.0.2").get_by_role("link", name="Details").click()
        list_page.get_by_role("link", name="View all of Mia Member's sessions").click()
        expect_rows(list_page, "Mia", "Mia")
        assert query_of(list_page) == {"user": [str(mia.pk)]}
        list_page.go_back()
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia")
        assert query_of(list_page) == {}
        list_page.go_back()
        expect(list_page).to_have_url(re.compile(f"{reverse('home')}$"))

    def test_back_closes_the_filters_of_a_phone(self, new_page, list_page, ada):
        list_page.set_viewport_size({"width": 375, "height": 700})
        filters = list_page.get_by_role("dialog", name="Filters")
        list_page.get_by_role("button", name="Filters").click()
        expect(filters).to_be_visible()
        list_page.go_back()
        expect(filters).to_be_hidden()
        assert is_marked(list_page)
        list_page.get_by_role("button", name="Filters").click()
        filters.get_by_label("Application", exact=True).select_option("web")
        expect(list_page).to_have_url(re.compile("application=web"))
        expect(filters).to_be_visible()
        list_page.go_back()
        expect(filters).to_be_hidden()
        assert query_of(list_page) == {"application": ["web"]}
        list_page.go_back()
        expect(list_page).to_have_url(re.compile("sessions/$"))


class TestSelection:
    def test_it_survives_searches_and_says_what_is_out_of_sight(self, list_page):
        bar = list_page.get_by_role("form", name="Selected sessions")
        for ip in ("10.0.0.1", "10.0.1.1"):
            checkbox_of(list_page, ip).check()
        expect(bar).to_contain_text("2 selected")
        expect(bar.get_by_text("not shown")).to_be_hidden()
        list_page.get_by_role("searchbox").fill("bob")
        expect_rows(list_page, "Bob")
        expect(checkbox_of(list_page, "Bob")).to_be_checked()
        expect(bar).to_contain_text("2 selected · 1 not shown")
        assert not Axe().run(list_page).violations_count
        list_page.get_by_role("searchbox").fill("nobody")
        expect_rows(list_page)
        expect(bar).to_contain_text("2 selected · 2 not shown")
        assert not Axe().run(list_page).violations_count
        bar.get_by_role("button", name="Terminate selected").click()
        dialog = list_page.get_by_role("dialog", name="Terminate 2 sessions?")
        dialog.get_by_role("button", name="Terminate 2 sessions").click()
        expect_message(list_page, "2 sessions terminated.")
        expect(bar).to_have_count(0)
        list_page.get_by_role("searchbox").fill("")
        expect_rows(list_page, "Ada", "10.0.0.2")
        expect(bar).to_have_count(0)

    def test_clearing_it_clears_what_is_out_of_sight_too(self, list_page):
        bar = list_page.get_by_role("form", name="Selected sessions")
        checkbox_of(list_page, "10.0.0.1").check()
        list_page.get_by_role("searchbox").fill("bob")
        expect_rows(list_page, "Bob")
        list_page.get_by_label("Select all on this page").check()
        expect(bar).to_contain_text("2 selected · 1 not shown")
        list_page.get_by_label("Select all on this page").uncheck()
        expect(bar).to_contain_text("1 selected · 1 not shown")
        bar.get_by_role("button", name="Clear selection").click()
        expect(bar).to_have_count(0)
        list_page.get_by_role("searchbox").fill("")
        expect_rows(list_page, "Ada", "Bob", "Mia", "Mia")
        expect(list_page.get_by_role("checkbox", checked=True)).to_have_count(0)


class TestRows:
    def test_a_row_opens_by_click_and_by_enter(self, list_page):
        dialog = list_page.get_by_role("dialog", name="Bob Builder, Firefox on Windows")
        rows(list_page, "Bob").get_by_role("cell").nth(5).click()
        expect(dialog).to_be_visible()
        list_page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        checkbox_of(list_page, "Bob").press("Enter")
        expect(dialog).to_be_visible()
        list_page.keyboard.press("Escape")
        expect(checkbox_of(list_page, "Bob")).to_be_focused()


class TestWrongPasswords:
    def test_the_focus_is_in_the_password_field(self, page, settings, ada):
        page.goto(reverse("login"))
        expect(page.get_by_label("Email address")).to_be_focused()
        enter_credentials(page, ada, password="wrong")
        expect_message(page, "Incorrect email or password.", role="alert")
        expect(page.get_by_label("Password")).to_be_focused()
        expect(page.get_by_label("Email address")).to_have_value(ada.email)

        settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, REAUTHENTICATION_AGE=1)
        sign_in(page, ada)
        page.wait_for_timeout(2000)
        page.goto(reverse("home"))
        page.goto(reverse("sessions_admin:termination_log"))
        field = page.get_by_label("Password", exact=True)
        expect(field).to_be_focused()
        asked_at = page.url
        breadcrumb = page.get_by_role("navigation", name="Breadcrumb")
        expect(breadcrumb.get_by_role("link", name="Termination log")).to_be_visible()
        for _ in range(2):
            enter_password(page, "wrong")
            expect_message(page, "That password is incorrect.", role="alert")
            expect(field).to_be_focused()
            expect(field).to_have_value("")
        # Neither attempt is a page to go back to.
        page.go_back()
        expect(page).to_have_url(re.compile(reverse("home") + "$"))
        page.go_back()
        page.goto(asked_at)
        settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, REAUTHENTICATION_AGE=900)
        enter_password(page, PASSWORD)
        expect_heading(page, "Termination log")
