"""How much of the list is in view, in four languages, on desks and on a phone."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import global_settings
from django.core.management import call_command
from django.urls import reverse
from playwright.sync_api import expect

from accounts.demo.people import PASSWORD as DEMO_PASSWORD
from tests.browser.pages import AXE, expect_heading, open_list, rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

LANGUAGES = ("en", "de", "sl", "ar")
DESKS = ((1024, 768), (1280, 800), (1440, 900), (1920, 1080))
PHONE = {"width": 375, "height": 812}
ON_ITS_SIDE = ({"width": 812, "height": 375}, {"width": 844, "height": 390})
# The rows with their heights, how many are wholly in view, and what is laid out badly in them.
MEASURE = """() => {
    const rows = [...document.querySelectorAll("tbody tr")];
    const boxes = rows.map(row => row.getBoundingClientRect());
    const tops = range => [...range.getClientRects()].map(box => Math.round(box.top));
    const lines = range => new Set(tops(range)).size;
    const faults = [];
    const walk = document.createTreeWalker(document.querySelector("table"), NodeFilter.SHOW_TEXT);
    for (let node; (node = walk.nextNode()); ) {
        if (node.parentElement.closest(".sa-hidden, .sa-evidence, caption, [hidden]")) continue;
        for (const word of node.data.matchAll(/\\S+/g)) {
            const range = new Range();
            range.setStart(node, word.index);
            range.setEnd(node, word.index + word[0].length);
            if (lines(range) > 1) faults.push(`broken: ${word[0]}`);
        }
    }
    for (const time of document.querySelectorAll("tbody time")) {
        const range = new Range();
        range.selectNodeContents(time);
        if (lines(range) > 1) faults.push(`in two lines: ${time.textContent}`);
    }
    return {
        faults,
        heights: boxes.map(box => box.height),
        inView: boxes.filter(box => box.top >= 0 && box.bottom <= innerHeight).length,
        overflow: document.scrollingElement.scrollWidth - innerWidth,
    };
}"""


@pytest.fixture
def demo(settings, tmp_path):
    settings.DEMO_GEOIP_PATH = settings.GEOIP_PATH = tmp_path / "demo-City.mmdb"
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS
    call_command("seed_demo", verbosity=0)


def open_demo(page):
    page.set_default_timeout(20_000)
    open_list(page)
    page.locator("[name=username]").fill("admin@acme.example")
    page.locator("[name=password]").fill(DEMO_PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.locator("tbody tr").first.wait_for()


def expect_accessible(page):
    results = Axe().run(page, options=AXE)
    assert not results.violations_count, results.generate_report()


class TestDesk:
    def test_rows_have_two_lines_and_no_broken_words_in_any_language(self, new_page, demo):
        for language in LANGUAGES:
            page = new_page(locale=language, reduced_motion="reduce")
            open_demo(page)
            for width, height in DESKS:
                page.set_viewport_size({"width": width, "height": height})
                seen = page.evaluate(MEASURE)
                at = f"{language} at {width}"
                assert seen["faults"] == [], at
                assert len(seen["heights"]) == 50, at
                assert min(seen["heights"]) >= 40, at
                assert max(seen["heights"]) <= 48, at
                assert seen["overflow"] <= 0, at
                if (width, height) == (1440, 900):
                    expect(page.locator("#sa-filters select").first).to_be_in_viewport()
                    assert seen["inView"] >= 13, at
            page.context.close()

    def test_the_evidence_of_a_flag_shows_on_hover_and_focus(self, new_page, demo):
        page = new_page(reduced_motion="reduce")
        open_demo(page)
        first = page.locator(".sa-row-flags li").first
        flag, evidence = first.get_by_role("link"), first.locator(".sa-evidence")
        hidden = evidence.bounding_box()["width"]
        flag.hover()
        assert evidence.bounding_box()["width"] > 100 > hidden
        page.keyboard.press("Escape")
        assert evidence.bounding_box()["width"] == hidden
        page.mouse.move(0, 0)
        flag.focus()
        assert evidence.bounding_box()["width"] > 100
        page.keyboard.press("Escape")
        assert evidence.bounding_box()["width"] == hidden
        page.keyboard.press("Tab")
        page.keyboard.press("Shift+Tab")
        assert evidence.bounding_box()["width"] > 100
        expect(flag).to_have_accessible_name(evidence.inner_text().replace("\n", " "))
        expect_accessible(page)
        flag.click()
        expect(page).to_have_url(re.compile("[?]flag=(far|country|device|many|idle)$"))

    def test_a_click_on_a_row_opens_its_details_and_one_beside_the_box_selects_it(
        self, new_page, demo
    ):
        page = new_page(reduced_motion="reduce")
        open_demo(page)
        row = rows(page).nth(2)
        row.get_by_role("cell").nth(6).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        row.get_by_role("cell").first.click(position={"x": 4, "y": 4})
        expect(row.get_by_role("checkbox")).to_be_checked()
        expect(page.get_by_role("dialog")).to_have_count(0)


class TestPhone:
    def test_the_first_session_is_on_the_first_screen(self, new_page, demo):
        for language in LANGUAGES:
            page = new_page(locale=language, viewport=PHONE, has_touch=True)
            open_demo(page)
            seen = page.evaluate(MEASURE)
            assert seen["inView"] >= 1, language
            assert seen["overflow"] <= 0, language
            assert max(seen["heights"]) <= 120, language
            assert page.locator(".sa-flags").bounding_box()["height"] < 40, language
            page.context.close()

    def test_so_it_is_on_a_phone_on_its_side(self, new_page, demo):
        for language in LANGUAGES:
            page = new_page(locale=language, viewport=ON_ITS_SIDE[0], has_touch=True)
            open_demo(page)
            for name in ("list", "login_records"):
                page.goto(reverse(f"sessions_admin:{name}"))
                for size in ON_ITS_SIDE:
                    page.set_viewport_size(size)
                    seen = page.evaluate(MEASURE)
                    assert seen["inView"] >= 1, (language, name, size)
                    assert seen["overflow"] <= 0, (language, name, size)
            page.context.close()

    def test_targets_are_large_enough_on_cards(self, new_page, demo):
        page = new_page(viewport=PHONE, has_touch=True, reduced_motion="reduce")
        open_demo(page)
        for name in ("list", "login_records"):
            page.goto(reverse(f"sessions_admin:{name}"))
            for width in (375, 768):
                page.set_viewport_size({"width": width, "height": 900})
                expect_accessible(page)

    def test_the_toolbar_needs_two_lines_and_one_on_a_tablet(self, new_page, demo):
        for language in LANGUAGES:
            page = new_page(locale=language, viewport=PHONE, has_touch=True)
            open_demo(page)
            for width, height in ((375, 80), (768, 45)):
                page.set_viewport_size({"width": width, "height": 900})
                box = page.locator(".sa-toolbar").bounding_box()
                assert box["height"] <= height, (language, width)
            page.context.close()

    def test_the_last_card_is_round_like_the_others(self, new_page, demo):
        page = new_page(viewport=PHONE, has_touch=True)
        open_demo(page)
        for name in ("list", "login_records"):
            page.goto(reverse(f"sessions_admin:{name}"))
            radii = "card => getComputedStyle(card).borderRadius"
            assert rows(page).last.evaluate(radii) == rows(page).first.evaluate(radii)

    def test_a_tap_on_a_flag_leaves_no_evidence_behind(self, new_page, demo):
        page = new_page(viewport=PHONE, has_touch=True, is_mobile=True)
        open_demo(page)
        page.locator(".sa-row-flags a").nth(1).tap()
        expect(page).to_have_url(re.compile("[?]flag="))
        expect(page.locator("#sa-filters-number")).to_contain_text("1 filter applied")
        shown = "[...document.querySelectorAll('.sa-evidence')].filter(e => e.offsetWidth > 1)"
        assert page.evaluate(f"{shown}.length") == 0

    def test_filters_open_in_a_dialog_and_their_chips_stay_in_view(self, new_page, demo):
        page = new_page(viewport=PHONE, has_touch=True, reduced_motion="reduce")
        open_demo(page)
        expect(page.get_by_label("Application", exact=True)).to_be_hidden()
        page.get_by_role("button", name="Filters").click()
        dialog = page.get_by_role("dialog", name="Filters")
        expect(dialog).to_be_visible()
        expect_accessible(page)
        dialog.get_by_label("Application", exact=True).select_option("web")
        expect(page).to_have_url(re.compile("application=web"))
        dialog.get_by_role("button", name="Show sessions").click()
        expect(dialog).to_be_hidden()
        chips = page.get_by_role("list", name="Active filters")
        expect(chips.get_by_role("link", name="Remove filter Application")).to_be_in_viewport()
        expect(rows(page).first).to_be_in_viewport(ratio=1)
        expect_accessible(page)

    def test_filters_open_without_scripts(self, new_page, demo):
        page = new_page(viewport=PHONE, java_script_enabled=False)
        open_demo(page)
        expect(page.get_by_label("Application", exact=True)).to_be_hidden()
        page.get_by_role("button", name="Filters").click()
        page.get_by_label("Application", exact=True).select_option("mobile")
        page.get_by_role("button", name="Apply").click()
        expect(page).to_have_url(re.compile("application=mobile"))
        expect(rows(page).first).to_contain_text("Mobile app")

    def test_a_tap_on_a_card_opens_its_details(self, new_page, demo):
        page = new_page(viewport=PHONE, has_touch=True, reduced_motion="reduce")
        open_demo(page)
        card = rows(page).nth(1)
        name = card.get_by_role("cell").first.get_by_role("link").inner_text()
        card.tap(position={"x": 120, "y": 50})
        expect_heading(page, re.compile(re.escape(name)))
