"""The pages in the frames of hosts, whose style sheets say things of every element.

The hosts are small imitations of what is usual: a root of 10 pixels and bold labels (as
Bootstrap 3), a dark theme by an attribute (as Bootstrap 5), a reset of everything and a dark class
(as Tailwind).
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.pages import (
    ask_to_terminate,
    checkbox_of,
    expect_heading,
    expect_message,
    expect_rows,
    list_address,
    open_list,
    open_signed_in,
    rows,
    sign_in_from,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

FRAMES = Path(__file__).parent / "frames"
HOSTS = ("bootstrap3", "bootstrap5", "tailwind")
DARK = ("bootstrap5", "tailwind")
ROOT = ".sessions-admin"
# In a table of the host.
THEIR_ROW = "A-1"
WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 375, "height": 800}
# The computed styles of elements and their pseudo-elements, without lengths that follow from where
# an element stands, and without custom properties, which have no effect by themselves.
STYLES = """([selector, withOurs]) => {
    const ours = [...document.styleSheets].find(sheet => sheet.href.includes("sessions_admin.css"));
    ours.disabled = !withOurs;
    const found = {};
    [...document.querySelectorAll(selector)].forEach((element, number) => {
        for (const pseudo of ["", "::before", "::after", "::placeholder"]) {
            const style = getComputedStyle(element, pseudo);
            // Only pseudo-elements that are there have a look.
            if (pseudo === "::placeholder" && element.localName !== "input") continue;
            if (pseudo.match(/before|after/) && style.content === "none") continue;
            const name = `${number} ${element.localName}.${element.classList}${pseudo}`;
            const values = [...style].map(key => [key, style.getPropertyValue(key)]);
            found[name] = Object.fromEntries(values);
        }
    });
    ours.disabled = false;
    return JSON.stringify(found);
}"""
FOLLOWS_FROM_PLACE = re.compile(
    r"(min-|max-)?(height|width|block-size|inline-size)|(perspective|transform)-origin"
    r"|inset-.*|top|bottom|left|right|color-scheme"
)


@pytest.fixture
def host(settings):
    """Return a function that puts the pages into the frame of a host."""

    def choose(name):
        engine = dict(settings.TEMPLATES[0], APP_DIRS=False)
        base = {"sessions_admin/base.html": f'{{% extends "frames/{name}.html" %}}'}
        engine["DIRS"] = [FRAMES / "templates", *engine["DIRS"]]
        engine["OPTIONS"] = dict(
            engine["OPTIONS"],
            loaders=[
                ("django.template.loaders.locmem.Loader", base),
                "django.template.loaders.filesystem.Loader",
                "django.template.loaders.app_directories.Loader",
            ],
        )
        settings.TEMPLATES = [engine, *settings.TEMPLATES[1:]]
        if FRAMES / "static" not in settings.STATICFILES_DIRS:
            settings.STATICFILES_DIRS = [*settings.STATICFILES_DIRS, FRAMES / "static"]

    return choose


@pytest.fixture
def people(ada, mia, bob):
    sign_in_from("203.0.113.7", mia)
    sign_in_from("203.0.113.8", bob)
    return ada


def open_wide(new_page, ada, **options):
    return open_signed_in(new_page, ada, viewport=WIDE, reduced_motion="reduce", **options)


def styles_of(page, selector, *, with_ours=True):
    """Return the styles of the elements, by element and property."""
    return {
        (element, name): value
        for element, style in json.loads(page.evaluate(STYLES, [selector, with_ours])).items()
        for name, value in style.items()
        if not name.startswith("--") and not FOLLOWS_FROM_PLACE.fullmatch(name)
    }


def difference(one, other):
    return {
        key: (one.get(key), other.get(key))
        for key in {*one, *other}
        if one.get(key) != other.get(key)
    }


@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize("name", HOSTS)
class TestBothSides:
    def test_the_pages_look_the_same_as_without_the_hosts_styles(
        self, new_page, host, people, name, locale
    ):
        page = open_wide(new_page, people, locale=locale)
        scheme = "dark" if name in DARK else "light"
        for viewport in (WIDE, PHONE):
            page.set_viewport_size(viewport)
            host("plain")
            open_list(page)
            page.evaluate(f"document.documentElement.style.colorScheme = '{scheme}'")
            alone = styles_of(page, f"{ROOT}, {ROOT} *")
            host(name)
            open_list(page)
            assert len(alone) > 10_000
            assert difference(alone, styles_of(page, f"{ROOT}, {ROOT} *")) == {}

    def test_the_host_looks_the_same_as_without_the_pages_styles(
        self, new_page, host, people, name, locale
    ):
        page = open_wide(new_page, people, locale=locale)
        host(name)
        open_list(page)
        theirs = f"html, html *:not({ROOT}, {ROOT} *)"
        alone = styles_of(page, theirs, with_ours=False)
        assert len(alone) > 5_000
        assert difference(alone, styles_of(page, theirs)) == {}
        # Custom properties are inherited, so they must not be set outside.
        assert page.evaluate("getComputedStyle(document.body).getPropertyValue('--sa-text')") == ""


def test_sizes_do_not_follow_a_root_of_ten_pixels(new_page, host, people):
    page = open_wide(new_page, people)
    host("bootstrap3")
    open_list(page)

    def size(element):
        return element.evaluate("element => getComputedStyle(element).fontSize")

    assert size(page.locator("html")) == "10px"
    assert size(page.locator(ROOT)) == "14px"
    assert size(page.get_by_role("heading", level=1)) == "20px"
    assert size(page.get_by_role("searchbox", name="Search")) == "13px"
    # As wide as this, the list is a table.
    assert rows(page).first.bounding_box()["height"] < 60


@pytest.mark.parametrize("name", HOSTS)
def test_everything_can_be_read_and_done(new_page, host, people, name):
    page = open_wide(new_page, people)
    host(name)
    open_list(page)
    expect_rows(page, "Ada", "Bob", "Mia", THEIR_ROW)
    expect_accessible(page)
    assert is_dark(page.locator(ROOT)) == (name in DARK)

    ask_to_terminate(rows(page, "Bob"))
    dialog = page.get_by_role("dialog")
    box = dialog.bounding_box()
    assert abs(box["x"] + box["width"] / 2 - WIDE["width"] / 2) < 2, "not in the middle"
    assert is_dark(dialog) == (name in DARK)
    expect_accessible(page)
    dialog.get_by_role("button", name="Terminate session").click()
    expect_message(page, "Signed out Bob Builder")
    expect_rows(page, "Ada", "Mia", THEIR_ROW)
    assert is_dark(page.get_by_role("status").filter(has_text="Signed out")) == (name in DARK)
    expect_accessible(page)

    checkbox_of(page, "Mia").check()
    expect(page.get_by_role("form", name="Selected sessions")).to_be_visible()
    page.get_by_role("button", name="Terminate selected").click()
    expect_heading(page, "Terminate 1 session?")
    expect_accessible(page)
    page.goto(list_address() + "own/")
    expect_heading(page, "Your sessions")
    expect_accessible(page)


@pytest.mark.parametrize("name", HOSTS)
def test_prints_are_dark_on_white(new_page, host, people, name):
    page = open_wide(new_page, people)
    host(name)
    open_list(page)
    page.emulate_media(media="print")
    assert not is_dark(page.locator(ROOT))
    expect(page.get_by_role("link", name="Termination log")).to_be_hidden()


def test_a_host_says_that_it_is_dark_in_the_usual_ways(new_page, host, people):
    """One that says nothing is light, whatever the system prefers."""
    page = open_wide(new_page, people, color_scheme="dark")
    host("plain")
    for script, dark in (
        ("", False),
        ("html.dataset.bsTheme = 'dark'", True),
        ("html.dataset.theme = 'dark'", True),
        ("body.dataset.theme = 'dark'", True),
        ("html.classList.add('dark')", True),
        ("html.style.colorScheme = 'dark'", True),
        ("body.style.colorScheme = 'dark'", True),
        ("html.style.colorScheme = 'light dark'", True),
        ("html.style.colorScheme = 'light dark'; html.dataset.theme = 'light'", False),
        ("html.dataset.theme = 'dark'; main.dataset.bsTheme = 'light'", False),
        ("html.dataset.theme = 'light'; main.dataset.bsTheme = 'dark'", True),
    ):
        open_list(page)
        page.evaluate(
            "const html = document.documentElement, body = document.body,"
            f" main = document.querySelector('main'); {script}"
        )
        assert is_dark(page.locator(ROOT)) == dark, script
    expect_accessible(page)


def test_menus_of_the_host_stay_open(new_page, host, people):
    page = open_wide(new_page, people)
    host("plain")
    open_list(page)
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("Escape")
    expect(page.locator("#host-section details")).to_have_attribute("open", "")


def test_htmx_keeps_no_copy_of_the_list_in_a_host_that_keeps_its_pages(new_page, host, people):
    page = open_wide(new_page, people)
    host("plain")
    open_list(page)
    page.get_by_role("searchbox", name="Search").fill("mia")
    expect_rows(page, "Mia", THEIR_ROW)
    expect(page).to_have_url(re.compile("q=mia"))
    assert page.evaluate("htmx.config.historyCacheSize") == 10
    stored = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
    assert "203.0.113" not in stored
    assert "@acme.example" not in stored
    page.go_back()
    expect_rows(page, "Ada", "Bob", "Mia", THEIR_ROW)
    stored = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
    assert "203.0.113" not in stored


class TestHostMadeWithHtmx:
    """It has everyday ids, its own copy of htmx, and attributes for all that is in its frame."""

    @pytest.fixture
    def page(self, new_page, host, people):
        page = open_wide(new_page, people)
        host("htmx")
        open_list(page)
        return page

    def test_everything_works_beside_elements_with_everyday_ids(self, page):
        theirs = page.locator("#host-nav")
        before = theirs.inner_text()
        page.keyboard.press("/")
        search = page.get_by_role("searchbox", name="Search")
        expect(search).to_be_focused()
        search.fill("mia")
        expect_rows(page, "Mia")
        expect(page).to_have_url(re.compile("q=mia"))
        search.fill("")
        expect_rows(page, "Ada", "Bob", "Mia")
        page.get_by_label("Application").select_option(index=1)
        expect(page).to_have_url(re.compile("application="))
        page.get_by_role("link", name="Clear all filters").click()
        expect_rows(page, "Ada", "Bob", "Mia")
        ask_to_terminate(rows(page, "Bob"))
        page.get_by_role("dialog").get_by_role("button", name="Terminate session").click()
        expect_message(page, "Signed out Bob Builder")
        expect_rows(page, "Ada", "Mia")
        assert theirs.inner_text() == before
        expect(page.locator("#host-nav, #content")).to_have_count(2)

    def test_its_own_fields_search_nothing_here(self, page):
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.get_by_label("Find").fill("mia")
        page.get_by_label("Kind").select_option("People")
        page.get_by_role("searchbox", name="Search").fill("bob")
        expect_rows(page, "Bob")
        assert not [url for url in asked if "mia" in url or "kind" in url]
        assert len([url for url in asked if "q=" in url]) == 1

    def test_other_pages_are_loaded_as_a_whole(self, page):
        """The frame asks htmx to load its links and forms without a new page."""
        page.goto(list_address() + "own/")
        expect_heading(page, "Your sessions")
        page.evaluate("window.isSamePage = true")
        page.get_by_role("cell").get_by_role("link").click()
        expect_heading(page, "Headless Chrome on Linux")
        assert not page.evaluate("window.isSamePage")

    def test_its_copy_of_htmx_is_the_only_one(self, page):
        page.get_by_role("searchbox", name="Search").fill("mia")
        expect_rows(page, "Mia")
        assert (
            page.evaluate("[...document.scripts].filter(s => s.src.includes('/htmx-2')).length")
            == 1
        )
        assert page.evaluate("htmx === theirs")
        assert page.evaluate("requests") > 0


def is_dark(element):
    """Whether light text stands on a dark ground here."""
    return element.evaluate("element => getComputedStyle(element).color.match(/\\d+/g)[0] > 128")


def expect_accessible(page):
    results = Axe().run(page, context=ROOT)
    assert not results.violations_count, results.generate_report()
