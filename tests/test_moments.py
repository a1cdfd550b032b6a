"""Dates, and relative times in words, with the plural forms of each language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from sessions_admin import moments


def ago(language="en", **past):
    with translation.override(language):
        return moments.ago(timezone.now() - timedelta(seconds=5, **past))


@pytest.mark.parametrize(
    ("past", "words"),
    [
        ({}, "just now"),
        ({"minutes": 1}, "1 min ago"),
        ({"minutes": 59}, "59 min ago"),
        ({"hours": 1}, "1 hour ago"),
        ({"hours": 23, "minutes": 59}, "23 hours ago"),
        ({"days": 1}, "1 day ago"),
        ({"days": 29}, "29 days ago"),
        ({"days": 30}, "1 month ago"),
        ({"days": 364}, "12 months ago"),
        ({"days": 365}, "1 year ago"),
        ({"days": 800}, "2 years ago"),
    ],
)
def test_the_largest_unit_that_fits(past, words):
    assert ago(**past) == words


def test_a_moment_that_a_fast_clock_puts_ahead_is_now():
    assert moments.ago(timezone.now() + timedelta(hours=2)) == "just now"


@pytest.mark.parametrize(
    ("language", "days", "words"),
    [
        ("de", 1, "vor 1 Tag"),
        ("de", 3, "vor 3 Tagen"),
        ("sl", 1, "pred 1 dnem"),
        ("sl", 2, "pred 2 dnevoma"),
        ("sl", 5, "pred 5 dnevi"),
        ("ar", 1, "قبل يوم"),
        ("ar", 2, "قبل يومين"),
        ("ar", 5, "قبل 5 أيام"),
        ("ar", 11, "قبل 11 يومًا"),
    ],
)
def test_each_language_bends_the_noun_and_arabic_drops_the_numeral(language, days, words):
    assert ago(language, days=days) == words


@pytest.mark.parametrize(
    ("language", "short", "date"),
    [
        ("en", "4 May 2026, 22:08", "4 May 2026"),
        ("en-gb", "4 May 2026, 22:08", "4 May 2026"),
        ("en-us", "May 4, 2026, 22:08", "May 4, 2026"),
        ("de", "04.05.2026, 22:08", "4. Mai 2026"),
        ("de-at", "04.05.2026, 22:08", "4. Mai 2026"),
        ("sl", "4. 5. 2026, 22:08", "4. maj 2026"),
        ("ar", "04\u200f/05\u200f/2026، 22:08", "4 مايو 2026"),
        # Django's own formats in languages that the pages are not translated to.
        ("fr", "4 mai 2026, 22:08", "4 mai 2026"),
        ("hr", "4. svibnja 2026., 22:08", "4. svibnja 2026."),
        ("ja", "2026年5月4日, 22:08", "2026年5月4日"),
    ],
)
def test_dates_are_those_of_the_language(language, short, date):
    at = datetime(2026, 5, 4, 22, 8, 9, tzinfo=UTC)
    with translation.override(language):
        assert moments.short(at) == short
        assert moments.exact(at).startswith(date)
        assert moments.on_at(at) == {"date": date, "time": "22:08 UTC"}


def test_without_a_language_dates_are_english():
    with translation.override(None):
        assert moments.short(datetime(2026, 5, 4, tzinfo=UTC)) == "4 May 2026, 00:00"
