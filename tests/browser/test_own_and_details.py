"""Your sessions on a phone, the page of one of them, and addresses that have too little room."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from sessions_admin.models import TrackedSession
from tests.browser.pages import (
    SAFARI_ON_IPHONE,
    expect_heading,
    expect_message,
    open_list,
    rows,
    sign_in,
    sign_in_from,
    tab_to,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
PHONE = {"width": 375, "height": 812}
LONG = "2001:db8:1111:2222:3333:4444:5555:6666"


def font_size(element):
    return element.evaluate("element => parseFloat(getComputedStyle(element).fontSize)")


class TestYourSessions:
    def test_cards_on_a_phone_have_titles(self, new_page, ada):
        sign_in_from(LONG, ada, user_agent=SAFARI_ON_IPHONE)
        page = new_page(viewport=PHONE, color_scheme="dark")
        sign_in(page, ada)
        page.goto(reverse("sessions_admin:own"))
        card = rows(page, "iPhone")
        title = card.get_by_role("link", name="iPhone")
        # The title is the first thing on its card, as wide as it, and larger than the rest.
        box, within = title.bounding_box(), card.bounding_box()
        assert box["y"] - within["y"] < 24
        assert font_size(title) > font_size(card.get_by_text("Web app"))
        cell = card.get_by_role("cell").first.bounding_box()
        assert cell["width"] > 0.9 * within["width"]
        address = card.get_by_text(LONG)
        assert address.bounding_box()["height"] < 24, "the address has a line of its own"
        button = card.get_by_role("button", name="Sign out").bounding_box()
        assert button["width"] > 0.9 * within["width"]
        assert not Axe().run(page).violations_count
        overflow = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        assert overflow <= 0

    @pytest.mark.parametrize("scripts", [True, False])
    def test_signing_out_all_others_is_asked_first(self, new_page, ada, scripts):
        for number in range(12):
            sign_in_from(f"10.0.0.{number}", ada)
        page = new_page(java_script_enabled=scripts)
        sign_in(page, ada)
        page.goto(reverse("sessions_admin:own"))
        link = page.get_by_role("link", name="Sign out all other devices")
        link.click()
        expect_heading(page, "Sign out of all other devices?")
        expect(page.get_by_text("12 other devices immediately")).to_be_visible()
        expect(page.get_by_text("+ 2 more")).to_be_visible()
        if scripts:
            expect(page.get_by_role("dialog")).to_be_visible()
            expect(page.get_by_role("link", name="Cancel")).to_be_focused()
            assert not Axe().run(page).violations_count
            page.go_back()
            expect(page.get_by_role("dialog")).to_be_hidden()
            link.click()
        page.get_by_role("button", name="Sign out all other devices").click()
        expect_message(page, "Signed out of 12 other devices.")
        expect(rows(page)).to_have_count(1)

    @pytest.mark.parametrize("options", [{}, {"viewport": PHONE, "has_touch": True}])
    def test_the_evidence_of_a_flag_is_there_for_keys_pointer_and_finger(
        self, new_page, ada, options
    ):
        page = new_page(**options)
        sign_in(page, ada)
        TrackedSession.objects.update(is_new_kind=True)
        page.goto(reverse("sessions_admin:own"))
        flag = page.get_by_role("link", name="New type of device")
        sentence = "Your first sign-in on this type of device."
        expect(flag).to_have_accessible_description(sentence)
        evidence = page.locator(".sa-evidence")
        assert evidence.bounding_box()["width"] <= 1
        tab_to(page, flag)
        assert evidence.bounding_box()["width"] > 100
        # Below the last row, too, where the table has ended.
        assert evidence.evaluate(
            """element => {
                const { left, bottom } = element.getBoundingClientRect();
                return document.elementFromPoint(left + 20, bottom - 4) === element;
            }"""
        )
        assert not Axe().run(page).violations_count
        page.keyboard.press("Escape")
        assert evidence.bounding_box()["width"] <= 1
        if options:
            assert flag.bounding_box()["height"] >= 24
            flag.tap()
        else:
            page.mouse.move(0, 0)
            flag.hover()
            assert evidence.bounding_box()["width"] > 100
            flag.click()
        # The details have it in plain text.
        expect(page.get_by_role("heading", name="Needs review")).to_be_visible()
        expect(page.get_by_role("definition").filter(has_text=sentence)).to_be_visible()

    def test_the_page_of_one_belongs_to_the_person_and_not_to_account_management(
        self, new_page, ada
    ):
        page = new_page()
        sign_in(page, ada)
        page.goto(reverse("sessions_admin:own"))
        page.get_by_role("cell").get_by_role("link").click()
        expect_heading(page, "Headless Chrome on Linux")
        expect(page.get_by_role("link", name="Overview")).to_have_count(0)
        breadcrumb = page.get_by_role("navigation", name="Breadcrumb")
        expect(breadcrumb).to_contain_text("Headless Chrome on Linux")
        assert not Axe().run(page).violations_count
        breadcrumb.get_by_role("link", name="Your sessions").click()
        expect_heading(page, "Your sessions")


@pytest.mark.parametrize("width", [375, 1024])
def test_a_long_address_is_cut_after_a_group_with_an_ellipsis(new_page, ada, mia, width):
    sign_in_from(LONG, mia)
    page = new_page(viewport={"width": width, "height": 800})
    sign_in(page, ada)
    open_list(page)
    address = rows(page, "Mia").locator("code")
    assert address.inner_text() == LONG
    # As much of the text as stands on the first line, which is the only one with room.
    shown = address.evaluate(
        """box => {
            const bottom = box.getBoundingClientRect().bottom;
            const range = document.createRange();
            let shown = "";
            for (const text of box.childNodes) {
                if (text.nodeType !== Node.TEXT_NODE) continue;
                range.selectNodeContents(text);
                if (range.getBoundingClientRect().bottom <= bottom + 1) shown += text.data;
            }
            return shown;
        }"""
    )
    assert LONG.startswith(shown)
    assert shown == LONG or shown.endswith(":")
    style = address.evaluate("box => getComputedStyle(box).webkitLineClamp")
    assert style == "1", "the browser adds the ellipsis"
    assert address.evaluate("box => box.scrollHeight > box.clientHeight + 4") == (shown != LONG)
