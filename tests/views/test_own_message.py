"""The message after signing out of other devices names only those that were signed out."""

from __future__ import annotations

import pytest
from django.urls import reverse

from sessions_admin import engines
from tests.support.browsing import IPHONE, Browser, text

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def sign_out_others(ana, *, lost):
    laptop = Browser().sign_in(ana)
    gone = [Browser(FIREFOX).sign_in(ana) for _ in range(lost)]
    for _ in range(2):
        Browser(IPHONE).sign_in(ana)
    engines.current().delete_many([browser.key for browser in gone])
    return text(laptop.post(reverse("sessions_admin:sign_out_others"), follow=True))


def test_all_are_named_if_all_were_signed_in(ana):
    page = sign_out_others(ana, lost=0)
    assert "Signed out of Safari on iPhone and Safari on iPhone." in page


@pytest.mark.parametrize("lost", [1, 6])
def test_none_is_named_if_some_had_ended(ana, lost):
    page = sign_out_others(ana, lost=lost)
    assert "Signed out of 2 other devices." in page
    assert "Signed out of Firefox" not in page
