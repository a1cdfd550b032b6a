"""The text filters as comboboxes: keys, names for assistive technology, and without scripts."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.pages import (
    expect_heading,
    expect_rows,
    is_marked,
    mark,
    member_of,
    open_list,
    query_of,
    sign_in,
    sign_in_from,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture
def crowd(acme, ada):
    """Three people whose names contain "mar", of whom two begin with it."""
    names = ("Tamara Berg", "Mario Lind", "Marta Zeman")
    people = {name: member_of(acme, name) for name in names}
    for number, each in enumerate(people.values()):
        sign_in_from(f"10.0.0.{number}", each)
    return people


@pytest.fixture
def field(page, ada, crowd):
    sign_in(page, ada)
    open_list(page)
    mark(page)
    return page.get_by_role("textbox", name="User", exact=True)


def active(field):
    """The text of the option that assistive technology announces as active."""
    return field.evaluate(
        "field => document.getElementById(field.getAttribute('aria-activedescendant'))?.textContent"
    )


class TestCombobox:
    def test_keys_go_through_the_suggestions_and_choose_one(self, page, field, crowd):
        field.focus()
        field = page.get_by_role("combobox", name="User")
        expect(field).to_have_attribute("aria-expanded", "false")
        field.press_sequentially("mar")
        options = page.get_by_role("listbox", name="User").get_by_role("option")
        expect(options).to_have_text([re.compile(name) for name in ("Mario", "Marta", "Tamara")])
        expect(field).to_have_attribute("aria-expanded", "true")
        expect(page.locator("#sa-count-status")).to_have_text("3 suggestions")
        assert active(field) is None
        assert not Axe().run(page).violations_count

        for key, name in {
            "ArrowDown": "Mario",
            "End": "Tamara",
            "Home": "Mario",
            "ArrowUp": "Tamara",
        }.items():
            field.press(key)
            assert active(field).startswith(name)
            expect(field).to_be_focused()
            expect(options.filter(has_text=name)).to_have_attribute("aria-selected", "true")
        assert not Axe().run(page).violations_count
        field.press("ArrowDown")
        field.press("ArrowDown")
        assert active(field).startswith("Marta")
        field.press("ArrowLeft")
        assert active(field) is None
        field.press("ArrowDown")
        field.press("ArrowDown")
        field.press("Enter")
        expect_rows(page, "Marta")
        assert query_of(page) == {"user": [str(crowd["Marta Zeman"].pk)]}
        assert is_marked(page)

    def test_escape_closes_the_list_and_then_clears_the_text(self, page, field):
        field.focus()
        field = page.get_by_role("combobox", name="User")
        field.press_sequentially("mar")
        listbox = page.get_by_role("listbox")
        expect(listbox).to_be_visible()
        field.press("Escape")
        expect(listbox).to_be_hidden()
        expect(field).to_have_attribute("aria-expanded", "false")
        expect(field).to_have_value("mar")
        field.press("ArrowDown")
        expect(listbox).to_be_visible()
        assert active(field).startswith("Mario")
        field.press("Alt+ArrowUp")
        expect(listbox).to_be_hidden()
        field.press("Alt+ArrowDown")
        expect(listbox).to_be_visible()
        assert active(field) is None
        field.press("Escape")
        field.press("Escape")
        expect(field).to_have_value("")
        field.press("ArrowDown")
        expect(listbox).to_have_count(0)

    def test_tab_leaves_it_in_one_step_and_closes_it(self, page, field):
        field.focus()
        page.keyboard.type("mar")
        expect(page.get_by_role("listbox")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_label("Application", exact=True)).to_be_focused()
        expect(page.get_by_role("listbox")).to_be_hidden()

    def test_a_click_chooses_and_a_name_that_nobody_has_is_announced(self, page, field):
        field.focus()
        field = page.get_by_role("combobox", name="User")
        field.press_sequentially("zzz")
        expect(page.locator("#sa-count-status")).to_have_text("No one by that name is signed in")
        field.fill("mar")
        page.get_by_role("option", name="Tamara Berg").click()
        expect_rows(page, "Tamara")

    def test_without_scripts_they_are_links(self, new_page, ada, crowd):
        page = new_page(java_script_enabled=False)
        sign_in(page, ada)
        open_list(page)
        page.get_by_label("User", exact=True).fill("mar")
        page.keyboard.press("Enter")
        found = page.get_by_role("search").get_by_role("list").get_by_role("link")
        expect(found).to_have_text([re.compile(name) for name in ("Mario", "Marta", "Tamara")])
        found.last.click()
        expect_rows(page, "Tamara")


def test_without_scripts_several_people_are_offered_in_place_of_the_rows(new_page, ada, acme):
    """The filters stay in line, and the page does not say that no session matches."""
    for name in ("Aiko Tanaka", "Aino Virtanen"):
        sign_in_from("10.0.0.9", member_of(acme, name))
    page = new_page(java_script_enabled=False)
    sign_in(page, ada)
    for name in ("list", "login_records"):
        page.goto(reverse(f"sessions_admin:{name}", query={"person": "ai"}))
        expect_heading(page, "More than one match")
        expect(page.get_by_text("No sessions match your search")).to_have_count(0)
        fields = [page.get_by_label(label, exact=True) for label in ("User", "Country")]
        assert len({field.bounding_box()["y"] for field in fields}) == 1
        choices = page.locator("#sa-sessions")
        choices.get_by_role("link", name="Aino Virtanen (aino@").click()
        expect_rows(page, "Aino")


def test_the_label_of_the_search_has_one_line_and_dates_stay_together(page, ada):
    sign_in(page, ada)
    page.goto(reverse("sessions_admin:login_records"))
    for width in (1024, 1280, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.locator("label[for=sa-id_q]").bounding_box()["height"] < 20
        dates = [page.locator(f"#sa-id_{name}") for name in ("within", "from", "to")]
        assert len({date.bounding_box()["y"] for date in dates}) == 1
