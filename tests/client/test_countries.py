"""Country names in the language of the page."""

from __future__ import annotations

import pytest
from django.conf.global_settings import LANGUAGES
from django.utils import translation

from sessions_admin.client import countries

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("language", "code", "shown"),
    [
        ("sl", "DE", "Nemčija"),
        ("ar", "SI", "سلوفينيا"),
        ("de-at", "SI", "Slowenien"),
        ("de-xx", "SI", "Slowenien"),
        # In languages that the pages are not translated to, names are English like the rest.
        ("pt-br", "SI", "As stored"),
        ("zh-hant", "SI", "As stored"),
        ("en-gb", "SI", "As stored"),
        ("udm", "SI", "As stored"),
        ("sl", "??", "As stored"),
        ("sl", "", "As stored"),
    ],
)
def test_name_in_the_language_of_the_page(language, code, shown):
    with translation.override(language):
        assert countries.name(code, "As stored") == shown


def test_code_alone_has_a_name_in_english_too():
    with translation.override("en"):
        assert countries.name("SI", "") == "Slovenia"


def test_search_in_a_language_without_names_is_for_the_stored_ones():
    with translation.override("tr"):
        assert countries.codes_called("Swe") == []


def test_no_language_of_django_is_an_error():
    for language, _ in LANGUAGES:
        with translation.override(language):
            assert countries.name("SI", "Slovenia")


def test_codes_by_the_name_that_is_shown():
    with translation.override("de"):
        assert set(countries.codes_called("SLOW")) == {"SI", "SK"}
    with translation.override("en"):
        # An unknown code is shown as stored, and found by the stored text.
        assert countries.codes_called("Slov") == []


@pytest.mark.parametrize(
    ("code", "flag"),
    [("SI", "🇸🇮"), ("XK", "🇽🇰"), ("ZZ", ""), ("", ""), ("si", ""), ("001", ""), ("A1", "")],
)
def test_flag(code, flag):
    assert countries.flag(code) == flag
