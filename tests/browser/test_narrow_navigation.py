"""On a phone, the chosen page and the alarm are in sight, in the site's and in the own frame."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.pages import AXE, open_signed_in
from tests.browser.test_density import LANGUAGES
from tests.browser.test_whole_words import reused
from tests.support.servers import ROOT

__all__ = ["reused"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

PAGES = ("list", "login_records", "termination_log")
PHONE = {"width": 375, "height": 812}
WIDTHS = (320, 360, 375, 414)
ALARM = "a.sa-chip--alarm >> visible=true"
OWN = ROOT / "sessions_admin" / "templates"
# The links of a navigation that are cut, or that the screen does not show.
HIDDEN = """links => links.filter(link => {
    const range = new Range(), box = link.getBoundingClientRect();
    range.selectNodeContents(link);
    const text = range.getBoundingClientRect();
    return Math.min(box.left, text.left) < 0 || Math.max(box.right, text.right) > innerWidth;
}).map(link => link.textContent.trim())"""


@pytest.fixture(params=["site", "own"])
def navigation(request, settings):
    """Choose a frame, and return what finds its navigation."""
    if request.param == "site":
        return ".sidebar"
    names = ("sessions_admin/base.html", "sessions_admin/shared/navigation.html")
    engine = dict(settings.TEMPLATES[0], APP_DIRS=False)
    engine["OPTIONS"] = dict(
        engine["OPTIONS"],
        loaders=[
            ("django.template.loaders.locmem.Loader", {n: (OWN / n).read_text() for n in names}),
            "django.template.loaders.filesystem.Loader",
            "django.template.loaders.app_directories.Loader",
        ],
    )
    settings.TEMPLATES = [engine, *settings.TEMPLATES[1:]]
    return ".sa-tabs"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chosen_page_is_in_sight_without_scripts(new_page, ada, reused, navigation, language):
    page = open_signed_in(new_page, ada, viewport=PHONE, locale=language, java_script_enabled=False)
    for name in PAGES:
        page.goto(reverse(f"sessions_admin:{name}"))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 812})
            at = f"{name} at {width}"
            assert page.locator(f"{navigation} a:visible").evaluate_all(HIDDEN) == [], at
            expect(page.locator(f"{navigation} [aria-current]")).to_be_in_viewport(ratio=1)
            if name == "list" or navigation == ".sidebar":
                expect(page.locator(ALARM)).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_takes_few_lines_and_its_links_are_large_enough(
    new_page, ada, reused, navigation, language
):
    page = open_signed_in(new_page, ada, viewport=PHONE, locale=language, has_touch=True)
    for name in PAGES:
        page.goto(reverse(f"sessions_admin:{name}"))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 812})
            height = page.locator(navigation).bounding_box()["height"]
            assert height <= (150 if width == 320 else 130), f"{name} at {width}"
        results = Axe().run(page, options=AXE)
        assert not results.violations_count, results.generate_report()
