"""The list's layout, size, access and keyboard use."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import Account
from sessions_admin.models import TrackedSession
from tests.browser.pages import (
    SAFARI_ON_IPHONE,
    enter_credentials,
    every_address,
    expect_heading,
    expect_message,
    expect_rows,
    expect_sign_in_page,
    expect_signed_out,
    gzipped,
    list_address,
    open_list,
    query_of,
    rows,
    sign_in,
    sign_in_from,
    tab_to,
)
from tests.support.factories import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
NOTE_SHIFTS = """
globalThis.shifts = [];
new PerformanceObserver(list => shifts.push(...list.getEntries().map(entry => entry.value)))
    .observe({type: "layout-shift", buffered: true});
"""


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
        sign_in_from("10.0.0.1", ada)
        TrackedSession.objects.update(city="Milan", country="Italy", country_code="IT")
        page = arabic_list(new_page, ada)
        cell = rows(page, "Milan").get_by_role("cell").nth(3)
        flag, words = (cell.locator(part).bounding_box() for part in ("[aria-hidden]", "small"))
        assert flag["x"] + flag["width"] == pytest.approx(words["x"] + words["width"], abs=1)

    def test_from_right_to_left_a_latin_name_begins_at_its_left(self, new_page, ada):
        ada.name = "@SUM(A1)"
        ada.save()
        page = arabic_list(new_page, ada)
        name = rows(page, "@SUM").get_by_role("link", name="@SUM(A1)", exact=True)
        assert name.evaluate(
            """link => {
                const range = document.createRange();
                range.setStart(link.firstChild, 0);
                range.setEnd(link.firstChild, 1);
                return range.getBoundingClientRect().left - link.getBoundingClientRect().left;
            }"""
        ) == pytest.approx(0, abs=1)


def arabic_list(new_page, user):
    page = new_page(locale="ar")
    page.goto("/accounts/login/")
    page.locator("[name=username]").fill(user.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url("/")
    open_list(page)
    return page


class TestFirstView:
    LIMIT = 60_000

    def test_is_light_blocks_nothing_and_does_not_shift(self, page, settings, ada, mia):
        """Measures the production site's compressed HTML, CSS and JS, as sent to the browser."""
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

    def test_a_member_is_refused_and_learns_why(self, page, mia, ada):
        sign_in_from("10.0.0.1", ada)
        sign_in(page, mia)
        expect(page.get_by_role("link", name="Active user sessions")).to_have_count(0)
        for address in every_address():
            answer = page.goto(address)
            assert answer.status == 403
            expect_heading(page, "You don't have access to this page")
            expect(page.get_by_role("main")).to_contain_text(
                "Only account owners and admins can see sessions."
            )
            expect(page.get_by_text("Ada Admin")).to_have_count(0)
        page.get_by_role("link", name="Back to home").click()
        expect_heading(page, "Welcome, Mia")

    def test_an_admin_without_the_plan_sees_the_locked_page_and_no_data(self, page, acme, ada, mia):
        Account.objects.filter(pk=acme.pk).update(plan=Account.Plan.GROWTH)
        sign_in_from("10.0.0.1", mia)
        sign_in(page, ada)
        for address in every_address():
            page.goto(address)
            is_log = address == reverse("sessions_admin:termination_log")
            name = "the termination log" if is_log else "active user sessions"
            expect_heading(page, f"Upgrade to see {name}")
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
        expect(admin.get_by_label("Email address")).to_be_focused()
        admin.keyboard.type(ada.email)
        admin.keyboard.press("Tab")
        admin.keyboard.type(PASSWORD)
        admin.keyboard.press("Enter")
        expect_heading(admin, "Welcome, Ada")

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
        expect_message(admin, "Signed out Mia Member from Safari on iPhone.")
        expect_signed_out(member)
