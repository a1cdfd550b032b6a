"""Forms that are submitted twice, by a double click or on a slow line, with and without scripts."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from sessions_admin.models import Termination, TrackedSession
from tests.browser.pages import (
    checkbox_of,
    expect_heading,
    expect_message,
    expect_rows,
    open_list,
    rows,
    sign_in,
    sign_in_from,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
# How the button looks before the first click and between the two.
CLICK_TWICE = """button => {
    const look = () => getComputedStyle(button).backgroundImage.match(/[a-z-]+/)[0];
    const before = look();
    button.click();
    const between = look();
    button.click();
    return [before, between];
}"""


@pytest.fixture
def admin(new_page, ada, mia, bob):
    """Return a function that opens Ada's list, with or without scripts."""

    def open_it(*, scripts):
        for number in (1, 2):
            sign_in_from(f"10.0.0.{number}", mia)
        sign_in_from("10.0.1.1", bob)
        page = new_page(java_script_enabled=scripts)
        sign_in(page, ada)
        open_list(page)
        return page

    return open_it


def post_twice(page, button):
    """Submit the form of this button once for nothing to be seen of the answer, and then again."""
    form = {
        field.get_attribute("name"): field.input_value()
        for field in button.locator("xpath=ancestor::form").locator("input").all()
    }
    action = button.locator("xpath=ancestor::form").get_attribute("action")
    lost = Client(HTTP_USER_AGENT="lost")
    for cookie in page.context.cookies():
        lost.cookies[cookie["name"]] = cookie["value"]
    assert lost.post(action, form).status_code == 302
    button.click()


class TestWithoutScripts:
    def test_one_session(self, admin):
        page = admin(scripts=False)
        rows(page, "Bob").get_by_role("link", name="Terminate").click()
        post_twice(page, page.get_by_role("button", name="Terminate session"))
        expect_message(page, "Signed out Bob Builder from Firefox on Windows.")
        expect(page.get_by_text("had already ended")).to_have_count(0)
        expect_rows(page, "Ada", "Mia", "Mia")
        assert Termination.objects.get().ended == 1

    def test_selected_sessions(self, admin):
        page = admin(scripts=False)
        for ip in ("10.0.0.1", "10.0.1.1"):
            checkbox_of(page, ip).check()
        page.get_by_role("button", name="Terminate selected").click()
        post_twice(page, page.get_by_role("button", name="Terminate 2 sessions"))
        expect_message(page, "2 sessions terminated.")
        assert Termination.objects.get().ended == 2

    def test_all_that_match(self, admin):
        page = admin(scripts=False)
        page.goto(reverse("sessions_admin:terminate_all", query={"q": "Mia"}))
        post_twice(page, page.get_by_role("button", name="Terminate 2 sessions"))
        expect(page.get_by_text("2 sessions terminated.").first).to_be_visible()
        assert Termination.objects.get().ended == 2

    def test_a_double_click_ends_a_session_once(self, admin):
        page = admin(scripts=False)
        rows(page, "Bob").get_by_role("link", name="Terminate").click()
        page.get_by_role("button", name="Terminate session").dblclick()
        expect_message(page, "Signed out Bob Builder from Firefox on Windows.")
        expect_rows(page, "Ada", "Mia", "Mia")
        assert Termination.objects.get().ended == 1

    def test_ones_own_device_and_all_others(self, admin, ada):
        page = admin(scripts=False)
        for number in (1, 2, 3):
            sign_in_from(f"10.0.2.{number}", ada)
        page.goto(reverse("sessions_admin:own"))
        first = rows(page, "10.0.2.3").get_by_role("button", name="Sign out")
        post_twice(page, first)
        expect_message(page, "That session was already signed out.")
        page.get_by_role("link", name="Sign out all other devices").click()
        post_twice(page, page.get_by_role("button", name="Sign out all other devices"))
        expect_message(page, "You're not signed in on any other device.")
        expect(rows(page)).to_have_count(1)
        assert TrackedSession.objects.filter(user=ada, ended_at=None).count() == 1


class TestWithScripts:
    @pytest.mark.parametrize("where", ["dialog", "page"])
    def test_the_button_shows_that_it_is_running_and_is_sent_once(self, admin, where):
        page = admin(scripts=True)
        sent = []
        page.on("request", lambda request: sent.append(request) if is_post(request) else None)
        row = TrackedSession.objects.get(ip_address="10.0.1.1")
        if where == "dialog":
            rows(page, "Bob").get_by_role("link", name="Terminate").click()
        else:
            page.goto(reverse("sessions_admin:terminate", args=[row.public_id]))
        expect_heading(page, "Terminate this session?")
        button = page.get_by_role("button", name="Terminate session")
        # In one go, because Playwright waits for the answer to a click.
        assert button.evaluate(CLICK_TWICE) == ["none", "linear-gradient"]
        expect_message(page, "Signed out Bob Builder from Firefox on Windows.")
        assert Termination.objects.get().ended == 1
        assert len(sent) == 1

    def test_a_page_that_comes_back_can_be_submitted_again(self, admin):
        page = admin(scripts=True)
        page.goto(reverse("sessions_admin:own"))
        page.evaluate(
            """() => {
                const form = document.querySelector("form[method=post]");
                form.ariaBusy = "true";
                dispatchEvent(new PageTransitionEvent("pageshow", {persisted: true}));
            }"""
        )
        expect(page.locator("form[aria-busy]")).to_have_count(0)


def is_post(request):
    return request.method == "POST"
