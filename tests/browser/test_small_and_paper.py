"""Questions on short screens, and what is printed."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from sessions_admin.views import listing
from tests.browser.pages import (
    city_address,
    expect_message,
    expect_rows,
    open_list,
    query_of,
    rows,
    sign_in,
    sign_in_from,
)
from tests.browser.test_density import demo, open_demo

__all__ = ["demo"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
FULL_DATE = re.compile(r"\d{1,2} \w+ 20\d\d, \d\d:\d\d:\d\d UTC")


@pytest.fixture
def list_page(page, demo_map, ada, mia, bob):
    for number in range(6):
        sign_in_from(f"10.0.0.{number}", mia)
    sign_in_from(city_address("Paris"), bob)
    sign_in(page, ada)
    open_list(page)
    return page


# A page of 1440 x 900 pixels at a zoom of 200 %, and a phone on its side.
@pytest.mark.parametrize("size", [(720, 450), (667, 375)])
class TestShortScreens:
    @pytest.fixture
    def dialog(self, list_page, size):
        list_page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
        return list_page.get_by_role("dialog")

    def test_all_of_the_question_can_be_read_and_answered(self, list_page, dialog, size):
        list_page.get_by_role("link", name="Terminate all 8 sessions").click()
        heading = dialog.get_by_role("heading", name="Terminate 8 sessions?")
        button = dialog.get_by_role("button", name="Terminate 8 sessions")
        expect(heading).to_be_in_viewport(ratio=1)
        expect(dialog.get_by_text("No other admins are signed in.")).to_be_in_viewport(ratio=1)
        expect(button).to_be_in_viewport(ratio=1)
        expect(dialog.get_by_role("link", name="Cancel")).to_be_in_viewport(ratio=1)
        # The buttons cover a fifth of the screen at most, so the rest can be read above them.
        top = button.evaluate("element => element.parentElement.getBoundingClientRect().top")
        assert top > 0.8 * size[1]
        assert not Axe().run(list_page).violations_count

        for part in ("By account", "Sessions", "Reason (optional)", "Keep me signed in here"):
            shown = dialog.get_by_text(re.compile(f"^{re.escape(part)}")).first
            shown.scroll_into_view_if_needed()
            expect(shown).to_be_in_viewport(ratio=1)
            expect(button).to_be_in_viewport(ratio=1)
        keep = dialog.get_by_label("Keep me signed in here")
        keep.focus()
        assert keep.evaluate(ON_TOP), "the buttons cover what has the focus"
        keep.check()
        button.click()
        expect_message(list_page, "7 sessions terminated.")

    def test_so_can_that_of_one_session(self, list_page, dialog):
        rows(list_page, "Bob").get_by_role("link", name="Terminate").click()
        expect(dialog.get_by_role("heading")).to_be_in_viewport(ratio=1)
        expect(dialog.get_by_role("button", name="Terminate session")).to_be_in_viewport(ratio=1)
        reason = dialog.get_by_label("Reason (optional)")
        reason.focus()
        assert reason.evaluate(ON_TOP)
        assert not Axe().run(list_page).violations_count


ON_TOP = """element => {
    const {x, y, width, height} = element.getBoundingClientRect();
    return document.elementFromPoint(x + width / 2, y + height / 2) === element;
}"""


class TestPaper:
    @pytest.mark.parametrize("scripts", [True, False])
    def test_all_that_matches_is_on_one_page_with_filters_and_full_dates(
        self, new_page, settings, list_page, ada, scripts
    ):
        settings.SESSIONS_ADMIN = dict(settings.SESSIONS_ADMIN, PAGE_SIZE=2)
        page = new_page(java_script_enabled=scripts)
        sign_in(page, ada)
        open_list(page, q="mia", application="web")
        page.get_by_role("link", name="Print").click()
        assert query_of(page) == {"q": ["mia"], "application": ["web"], "print": ["1"]}
        expect_rows(page, *["Mia Member.*Acme.*Web app.*10.0.0.*Windows.*Firefox"] * 6)
        facts = page.get_by_role("definition")
        expect(facts).to_have_text(["mia", "Web app", "Newest first"])
        expect(page.get_by_text(re.compile("^6 matching sessions · "))).to_be_visible()
        for cell in ("Created On", "Last active"):
            at = page.get_by_role("columnheader").all_inner_texts().index(cell)
            for row in rows(page).all():
                assert FULL_DATE.fullmatch(row.get_by_role("cell").nth(at).inner_text())
        if scripts:
            assert not Axe().run(page).violations_count
            page.evaluate("globalThis.print = () => { globalThis.isPrinted = true; }")
            page.get_by_role("button", name="Print").click()
            assert page.evaluate("isPrinted")
        else:
            expect(page.get_by_role("button", name="Print")).to_have_count(0)
        page.emulate_media(media="print")
        expect(page.get_by_role("link", name="Back to sessions")).to_be_hidden()
        expect(facts.first).to_be_visible()
        page.emulate_media(media="screen")
        page.get_by_role("link", name="Back to sessions").click()
        assert query_of(page) == {"q": ["mia"], "application": ["web"]}

    def test_a_list_beyond_the_bound_says_so(self, list_page, monkeypatch):
        monkeypatch.setattr(listing, "PRINTED", 5)
        list_page.get_by_role("link", name="Print").click()
        expect(rows(list_page)).to_have_count(5)
        expect(
            list_page.get_by_text("Showing 5 of 8 sessions. Filter the list to print the others.")
        ).to_be_visible()

    def test_the_list_itself_is_printed_as_a_table_with_its_filters(self, list_page):
        open_list(list_page, q="mia")
        # A sheet of A4 between its margins.
        list_page.set_viewport_size({"width": 718, "height": 1000})
        list_page.emulate_media(media="print")
        expect(list_page.get_by_role("list", name="Active filters")).to_contain_text("mia")
        expect(list_page.get_by_role("columnheader", name="Created On")).to_be_visible()
        created = rows(list_page).first.get_by_role("cell").nth(5).get_by_role("time")
        assert FULL_DATE.search(
            created.evaluate("time => getComputedStyle(time, '::after').content").replace(
                "attr(title)", created.get_attribute("title")
            )
        )
        expect(list_page.get_by_role("searchbox")).to_be_hidden()
        expect(rows(list_page).first.get_by_role("checkbox")).to_be_hidden()
        overflow = list_page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        assert overflow <= 0

    @pytest.mark.parametrize("name", ["list", "print", "login_records"])
    def test_a_sheet_in_portrait_has_dates_in_two_lines_and_no_text_over_another(
        self, new_page, demo, name
    ):
        page = new_page(locale="en")
        open_demo(page)
        if name == "print":
            page.get_by_role("link", name="Print").click()
        elif name != "list":
            page.goto(reverse(f"sessions_admin:{name}"))
        page.set_viewport_size({"width": 718, "height": 1000})
        page.emulate_media(media="print")
        assert page.evaluate(BEYOND) == []
        heights = [time.bounding_box()["height"] for time in page.locator("tbody time").all()]
        assert heights
        assert max(heights) <= 32
        sizes = page.evaluate(
            """[...document.querySelectorAll("tbody td, .sa-table--print .sa-evidence")].map(
                each => parseFloat(getComputedStyle(each).fontSize))"""
        )
        assert max(sizes) <= 10
        on_a_sheet = page.evaluate(
            "[...document.querySelectorAll('tbody tr')].filter("
            "row => row.getBoundingClientRect().bottom <= 1000).length"
        )
        assert on_a_sheet >= 14


# Texts that reach out of their cells.
BEYOND = """() => [...document.querySelectorAll("tbody td")].filter(cell => {
    const range = new Range(), box = cell.getBoundingClientRect();
    range.selectNodeContents(cell);
    return [...range.getClientRects()].some(
        text => text.width > 1 && (text.left < box.left - 1 || text.right > box.right + 1));
}).map(cell => cell.textContent)"""
