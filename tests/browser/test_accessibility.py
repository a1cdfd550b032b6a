"""Every page is accessible, fits on a phone and respects the site's CSP."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core import mail
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import Account
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.termination import terminate
from tests.browser.pages import (
    AXE,
    CHROME_ON_ANDROID,
    SAFARI_ON_IPHONE,
    ask_to_terminate,
    checkbox_of,
    city_address,
    come_back,
    enter_credentials,
    enter_password,
    expect_heading,
    expect_message,
    expect_rows,
    fill_new_password,
    list_address,
    member_of,
    open_list,
    rows,
    sign_in,
    sign_in_from,
)
from tests.support.factories import PASSWORD, MembershipFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.mark.parametrize("scheme", ["light", "dark"])
class TestAccessibility:
    """Axe finds no fault, no page is wider than a small phone, and the CSP blocks nothing."""

    @pytest.fixture
    def inspected(self, new_page, scheme):
        # Colours in the middle of a transition are not the final ones.
        inspected = Inspected(new_page(color_scheme=scheme, reduced_motion="reduce"))
        yield inspected
        assert not inspected.faults, "\n\n".join(inspected.faults)

    def test_pages_of_people_who_are_signed_out(self, inspected, mia):
        page = inspected.page
        page.goto(reverse("account_management_login"))
        inspected.look("Sign in")
        page.goto(reverse("login"))
        enter_credentials(page, mia, password="wrong")
        expect_message(page, "Incorrect email or password.", role="alert")
        inspected.look("Sign in")

        page.get_by_role("link", name="Forgot your password?").click()
        inspected.look("Reset your password")
        page.get_by_label(re.compile("^e-?mail", re.IGNORECASE)).fill(mia.email)
        page.get_by_role("button", name="Send reset link").click()
        inspected.look("Check your email")
        link = re.search(r"https?://[^/]+(/\S+)", mail.outbox[0].body)[1]
        page.goto(link)
        inspected.look("Choose a new password")
        fill_new_password(page)
        page.get_by_role("button", name="Save new password").click()
        inspected.look("Password changed")
        page.goto(link)
        inspected.look("This link has expired")

    def test_pages_of_a_member(self, inspected, mia):
        page = inspected.page
        MembershipFactory(user=mia, account__name="Zebra")
        sign_in(page, mia)
        inspected.look("Choose an account")
        page.get_by_role("button", name="Zebra").click()
        inspected.look("Welcome, Mia")
        page.goto(reverse("account_management"))
        inspected.look("Account Management")
        page.goto(list_address())
        inspected.look("You don't have access to this page")
        page.goto("/nowhere/")
        inspected.look("Page not found")
        sign_in_from(city_address("Ljubljana"), mia)
        page.goto(reverse("sessions_admin:own"))
        inspected.look("Your sessions")
        page.get_by_role("button", name="Sign out of Firefox on Windows").click()
        expect_message(page, "Signed out of Firefox on Windows.")
        page.goto(reverse("password_change"))
        page.get_by_label("Old password").fill("wrong")
        fill_new_password(page)
        page.get_by_role("button", name="Change password").click()
        inspected.look("Change password")
        page.get_by_label("Old password").fill(PASSWORD)
        fill_new_password(page)
        page.get_by_role("button", name="Change password").click()
        inspected.look("Password changed")

    def test_pages_of_an_admin(self, inspected, settings, acme, ada, mia, bob):
        settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, PAGE_SIZE=4)
        page = inspected.page
        wordy = member_of(acme, "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren Senior")
        sign_in_from("10.0.0.1", bob, user_agent="")
        sign_in_from("10.0.0.2", mia, user_agent=SAFARI_ON_IPHONE)
        sign_in_from("malformed", mia, "mobile_sign_in", user_agent="AcmeMobile/3.2")
        sign_in_from("2001:db8:1111:2222:3333:4444:5555:6666", wordy, user_agent=CHROME_ON_ANDROID)
        sign_in(page, ada)
        inspected.look("Welcome, Ada")
        page.get_by_role("group").get_by_text("Ada Admin").first.click()
        inspected.look("Welcome, Ada")
        page.goto(reverse("account_management"))
        inspected.look("Account Management")

        open_list(page)
        expect_rows(page, "Ada", "Wolfe", "Mia", "Mia")
        inspected.look("Active user sessions")
        rows(page, "Wolfe").get_by_role("link", name="Details").click()
        inspected.look(f"{wordy.name}, Chrome on Pixel 9")
        open_list(page)
        checkbox_of(page, "Wolfe").check()
        expect(page.get_by_role("form", name="Selected sessions")).to_be_visible()
        inspected.look("Active user sessions")
        page.get_by_role("button", name="Terminate selected").click()
        inspected.look("Terminate 1 session?")
        page.keyboard.press("Escape")
        ask_to_terminate(rows(page, "Wolfe"))
        inspected.look("Terminate this session?")
        stolen = TrackedSession.objects.get(user=wordy).session_key
        page.get_by_label("Reason (optional)").fill("A lost phone")
        page.get_by_role("button", name="Terminate session").click()
        expect_message(page, "Signed out Wolfe")
        page.get_by_role("link", name=re.compile("^Terminate all")).click()
        inspected.look("Terminate 4 sessions?")
        # The dialogs' content as pages of their own, as they are without scripts.
        row = TrackedSession.objects.filter(ended_at=None).earliest("pk")
        page.goto(reverse("sessions_admin:terminate", args=[row.public_id]))
        inspected.look("Terminate this session?")
        page.goto(reverse("sessions_admin:terminate_all", query={"user": mia.pk}))
        inspected.look("Terminate all 2 of Mia Member (mia@acme.example)'s sessions?")
        page.goto(reverse("sessions_admin:terminate_selected"))
        inspected.look("Nothing to terminate")
        page.goto(reverse("sessions_admin:detail", args=[row.public_id]))
        inspected.look("Bob Builder, Unknown device")
        termination = Termination.objects.get()
        page.goto(reverse("sessions_admin:progress", args=[termination.public_id]))
        inspected.look("Sessions terminated")
        come_back("203.0.113.9", stolen)
        open_list(page)
        page.get_by_role("link", name="Termination log").first.click()
        expect_rows(page, "Wolfe.*A lost phone.*1 terminated.*1 session")
        inspected.look("Termination log")
        page.get_by_role("link", name=re.compile("Wolfe")).click()
        expect(page.get_by_role("region", name="Someone tried")).to_contain_text("203.0.113.9")
        inspected.look("Termination log entry")
        open_list(page, q="nobody", application="fax")
        expect(
            page.get_by_text("That application doesn't exist, so no sessions match.")
        ).to_be_visible()
        inspected.look("Active user sessions")

        Account.objects.update(plan=Account.Plan.STARTER)
        open_list(page)
        inspected.look("Upgrade to see active user sessions")

    def test_pages_that_ask_who_it_is(self, inspected, settings, ada, mia):
        page = inspected.page
        settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, REAUTHENTICATION_AGE=1)
        sign_in(page, ada)
        page.wait_for_timeout(2000)
        page.goto(reverse("sessions_admin:termination_log"))
        enter_password(page, "wrong")
        expect_message(page, "That password is incorrect.", role="alert")
        inspected.look("Confirm your password")
        settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, REAUTHENTICATION_AGE=900)
        enter_password(page, PASSWORD)
        inspected.look("Termination log")

        session = TrackedSession.objects.filter(user=ada)
        terminate(session, actor=mia, scope="Hers")
        page.goto(reverse("password_change"))
        expect_message(page, "An administrator signed you out on")
        inspected.look("Sign in")
        # With the wrong password above, these are ten.
        for _ in range(9):
            enter_credentials(page, ada, password="wrong")
        inspected.look("Too many attempts")


class Inspected:
    """A page inspected along the way, and the faults found in it."""

    PHONES = (375, 320)

    def __init__(self, page):
        self.page = page
        self.faults = []
        page.on("console", lambda message: self.note_refusal(message.text))

    def look(self, heading):
        """Inspect the page with this heading, at full width and at a phone's width."""
        expect_heading(self.page, heading)
        size = self.page.viewport_size
        self.note_violations()
        for width in self.PHONES:
            self.page.set_viewport_size({"width": width, "height": 700})
            self.note_overflow(width)
        # On narrow screens the rows are laid out as cards.
        self.note_violations()
        self.page.set_viewport_size(size)

    def note_violations(self):
        results = Axe().run(self.page, options=AXE)
        if results.violations_count:
            self.faults.append(f"{self.page.url}\n{results.generate_report()}")

    def note_overflow(self, width):
        overflow = self.page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        if overflow > 0:
            self.faults.append(f"{self.page.url} is {overflow} px too wide for {width} px")

    def note_refusal(self, text):
        if "Content Security Policy" in text:
            self.faults.append(f"{self.page.url}\n{text}")
