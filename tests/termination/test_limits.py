"""The sweep ends idle sessions and sessions that are too old, if a host sets limits."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from sessions_admin import engines
from sessions_admin.models import TrackedSession
from tests.support.browsing import Browser
from tests.support.factories import MembershipFactory

pytestmark = pytest.mark.django_db

HOUR = 3600


@pytest.fixture
def browser():
    return Browser().sign_in(MembershipFactory().user)


@pytest.fixture
def limits(settings):
    given = {"IDLE_TIMEOUT": HOUR, "MAX_LIFETIME": 24 * HOUR}
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | given


def aged(browser, *, hours, used):
    """Backdate the session's beginning and last use by this many hours."""
    now = timezone.now()
    TrackedSession.objects.filter(session_key=browser.key).update(
        created_at=now - timedelta(hours=hours), last_seen_at=now - timedelta(hours=used)
    )


def swept(**options):
    out = StringIO()
    call_command("sweep_sessions", stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("hours", "used", "reason", "sentence"),
    [
        (5, 2, "idle", "after a period of inactivity"),
        (25, 0.1, "too_old", "Your session expired"),
    ],
)
def test_it_ends_and_its_browser_learns_why(browser, limits, hours, used, reason, sentence):
    aged(browser, hours=hours, used=used)
    assert f"1 {reason}" in swept(dry_run=True)
    assert browser.is_signed_in()
    aged(browser, hours=hours, used=used)
    assert f"1 {reason}" in swept()
    page = browser.get("/accounts/password_change/", follow=True)
    assert sentence in page.content.decode()
    assert not browser.is_signed_in()
    assert TrackedSession.objects.get().end_reason == reason


def test_others_go_on(browser, limits):
    aged(browser, hours=23, used=0.9)
    swept()
    assert browser.is_signed_in()


def test_without_limits_nothing_ends(browser):
    aged(browser, hours=300, used=300)
    swept()
    assert browser.is_signed_in()


def test_a_store_that_does_not_answer_ends_nothing_and_says_so(browser, limits, monkeypatch):
    aged(browser, hours=5, used=2)

    def away(*args, **kwargs):
        raise ConnectionError("refused")

    with monkeypatch.context() as patch:
        patch.setattr(engines.database.DatabaseEngine, "delete_many", away)
        with pytest.raises(CommandError, match="did not respond"):
            swept()
    assert browser.is_signed_in()
    aged(browser, hours=5, used=2)
    swept()
    assert not browser.is_signed_in()
