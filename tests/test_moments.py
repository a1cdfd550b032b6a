"""Relative times in words, with the plural forms of each language."""

from __future__ import annotations

from datetime import timedelta

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
