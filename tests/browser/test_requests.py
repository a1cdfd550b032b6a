"""What the list shows while a request runs, and when one fails."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as site
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import Membership
from sessions_admin.models import Termination
from tests.browser.pages import (
    checkbox_of,
    enter_credentials,
    expect_rows,
    expect_signed_in,
    is_marked,
    mark,
    member_of,
    open_list,
    rows,
    sign_in,
    sign_in_from,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
ANY = re.compile(".*")
# No request of the page counts as slow.
NEVER_SLOW = """() => {
    const soon = globalThis.setTimeout;
    globalThis.setTimeout = (what, after) => soon(what, after === 150 ? 60_000 : after);
}"""


@pytest.fixture
def list_page(page, ada, mia, bob):
    """Ada's list, with a mark that is lost when the page is reloaded."""
    sign_in_from("10.0.0.1", mia)
    sign_in_from("10.0.1.1", bob)
    sign_in(page, ada)
    open_list(page)
    expect_rows(page, "Ada", "Bob", "Mia")
    mark(page)
    return page


@pytest.fixture
def held(list_page):
    """The requests of the list, which wait until the test lets them go on."""
    held = []

    def hold(route):
        if route.request.headers.get("hx-request") and "/news/" not in route.request.url:
            held.append(route)
        else:
            route.continue_()

    list_page.route(ANY, hold)
    return held


def status(page):
    """The words over the page; the dialog has its own."""
    return page.locator("#sa-sessions ~ .sa-busy", has_text="Loading…")


class TestRunning:
    def test_a_slow_search_is_shown_and_the_old_list_cannot_be_pressed(self, list_page, held):
        list_page.get_by_role("searchbox").fill("bob")
        expect(status(list_page)).to_be_visible()
        expect(list_page.locator("#sa-sessions")).to_have_attribute("aria-busy", "true")
        assert not Axe().run(list_page).violations_count
        rows(list_page, "Mia").get_by_role("link", name="Terminate").dispatch_event("click")
        rows(list_page, "Mia").get_by_role("link", name="Terminate").press("Enter")
        checkbox_of(list_page, "Mia").press(" ")
        expect(checkbox_of(list_page, "Mia")).not_to_be_checked()
        assert len(held) == 1

        held.pop().continue_()
        expect_rows(list_page, "Bob")
        expect(status(list_page)).to_have_count(0)
        expect(list_page.locator("#sa-sessions")).not_to_have_attribute("aria-busy", "true")
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        held.pop().continue_()
        expect(list_page.get_by_role("dialog")).to_be_visible()
        assert is_marked(list_page)

    def test_the_row_whose_question_is_on_its_way_is_the_one_that_is_asked_about(
        self, list_page, held
    ):
        rows(list_page, "Mia").get_by_role("link", name="Terminate").click()
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click(force=True)
        expect(status(list_page)).to_be_visible()
        assert len(held) == 1
        held.pop().continue_()
        expect(list_page.get_by_role("dialog")).to_contain_text("Mia Member")

    def test_a_slow_termination_shows_that_it_runs_in_the_dialog(self, list_page, held):
        rows(list_page, "Mia").get_by_role("link", name="Terminate").click()
        held.pop().continue_()
        dialog = list_page.get_by_role("dialog")
        dialog.get_by_role("button", name="Terminate session").click()
        expect(dialog.get_by_text("Loading…")).to_be_visible()
        assert not Axe().run(list_page).violations_count
        dialog.get_by_role("button", name="Terminate session").click(force=True)
        assert len(held) == 1
        held.pop().continue_()
        expect_rows(list_page, "Ada", "Bob")
        expect(status(list_page)).to_have_count(0)
        assert Termination.objects.count() == 1

    def test_a_quick_request_shows_nothing(self, list_page):
        list_page.evaluate(
            """() => {
                globalThis.shown = 0;
                const status = document.querySelector("#sa-sessions ~ .sa-busy");
                new MutationObserver(() => shown++).observe(status, {childList: true});
            }"""
        )
        list_page.evaluate(NEVER_SLOW)
        list_page.get_by_role("searchbox").fill("bob")
        expect_rows(list_page, "Bob")
        assert list_page.evaluate("shown") == 0

    def test_a_click_that_comes_too_early_says_why_nothing_happens(self, list_page, held):
        list_page.evaluate(NEVER_SLOW)
        list_page.get_by_role("link", name="Refresh").click()
        expect(status(list_page)).to_have_count(0)
        rows(list_page, "Mia").get_by_role("link", name="Terminate").dispatch_event("click")
        expect(status(list_page)).to_be_visible()
        held.pop().continue_()
        expect(status(list_page)).to_have_count(0)


def failing(page, status_code):
    """Answer the next terminations with this status, as a proxy in front of the site would."""
    page.route(re.compile("/terminate/"), lambda route: route.fulfill(status=status_code, body="x"))


class TestFailures:
    @pytest.mark.parametrize(
        ("status_code", "text"),
        [
            (500, "Something went wrong on the server. Reload the page to see the current"),
            (502, "Something went wrong on the server."),
            (429, "Too many requests. Nothing was changed. Wait a minute and try again."),
            (418, "Something went wrong. Reload page"),
        ],
    )
    def test_a_failing_server_is_named(self, list_page, status_code, text):
        failing(list_page, status_code)
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        alert = list_page.get_by_role("alert")
        expect(alert).to_contain_text(text)
        assert not Axe().run(list_page).violations_count
        expect_rows(list_page, "Ada", "Bob", "Mia")

    def test_a_server_out_of_reach_is_named_in_the_dialog_and_the_question_stays(self, list_page):
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        dialog = list_page.get_by_role("dialog")
        dialog.get_by_label("Reason (optional)").fill("A lost phone")
        list_page.context.set_offline(True)
        dialog.get_by_role("button", name="Terminate session").click()
        alert = dialog.get_by_role("alert")
        expect(alert).to_contain_text("Can't reach the server. Check your connection")
        assert not Axe().run(list_page).violations_count
        expect(dialog.get_by_label("Reason (optional)")).to_have_value("A lost phone")
        list_page.context.set_offline(False)
        dialog.get_by_role("button", name="Terminate session").click()
        expect_rows(list_page, "Ada", "Mia")
        assert Termination.objects.get().reason == "A lost phone"

    def test_a_form_that_is_too_old(self, list_page):
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        dialog = list_page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        list_page.context.clear_cookies(name=site.CSRF_COOKIE_NAME)
        dialog.get_by_role("button", name="Terminate session").click()
        expect(dialog.get_by_role("alert")).to_contain_text(
            "This page has expired. Nothing was changed."
        )
        dialog.get_by_role("link", name="Reload page").click()
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        dialog.get_by_role("button", name="Terminate session").click()
        expect_rows(list_page, "Ada", "Mia")

    def test_an_admin_who_is_one_no_longer(self, list_page, ada):
        Membership.objects.filter(user=ada).update(role=Membership.Role.MEMBER)
        list_page.get_by_role("searchbox").fill("bob")
        expect(list_page.get_by_role("alert")).to_contain_text(
            "You don't have access to this any more. Nothing was changed."
        )
        assert is_marked(list_page)

    def test_a_question_already_open_for_an_admin_who_is_one_no_longer(self, list_page, ada):
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        dialog = list_page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        Membership.objects.filter(user=ada).update(role=Membership.Role.MEMBER)
        dialog.get_by_role("button", name="Terminate session").click()
        expect(dialog.get_by_role("alert")).to_contain_text("You don't have access to this")
        assert not Termination.objects.exists()

    def test_a_session_that_has_gone_from_the_accounts(self, list_page, bob):
        bob.memberships.all().delete()
        bob.delete()
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        expect(
            list_page.get_by_text(re.compile("no longer available|already ended"))
        ).to_be_visible()

    def test_a_question_of_somebody_who_was_signed_in_before(self, list_page, acme):
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        dialog = list_page.get_by_role("dialog")
        dialog.get_by_label("Reason (optional)").fill("A lost phone")
        other = member_of(acme, "Olga Owner", role=Membership.Role.OWNER)
        tab = list_page.context.new_page()
        tab.goto(reverse("login"))
        enter_credentials(tab, other)
        expect_signed_in(tab, other)
        dialog.get_by_role("button", name="Terminate session").click()
        expect(dialog.get_by_role("alert")).to_contain_text(
            "You're now signed in as someone else. Nothing was changed."
        )
        assert not Termination.objects.exists()

    @pytest.mark.parametrize("who", ["somebody else", "the same person"])
    def test_signed_in_again_in_another_tab(self, list_page, ada, acme, who):
        other = ada
        if who == "somebody else":
            other = member_of(acme, "Olga Owner", role=Membership.Role.OWNER)
        tab = list_page.context.new_page()
        tab.goto(reverse("login"))
        enter_credentials(tab, other)
        expect_signed_in(tab, other)
        list_page.get_by_role("searchbox").fill("a")
        if who == "somebody else":
            expect(list_page.get_by_role("alert")).to_contain_text(
                "You're now signed in as someone else. Nothing was changed."
            )
            expect_rows(list_page, "Ada", "Bob", "Mia")
            list_page.get_by_role("link", name="Reload page").click()
            expect_rows(list_page, f"{other.name}.*This session", "Bob", "Mia")
        else:
            expect_rows(list_page, "Ada", "Bob", "Mia")
            assert is_marked(list_page)
