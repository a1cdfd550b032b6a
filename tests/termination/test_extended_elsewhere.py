"""Sessions whose life was extended outside the middleware: by another site, or by a command."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.conf import settings as site
from django.core.management import call_command
from django.utils import timezone

from sessions_admin import engines
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.tracking import throttle
from sessions_admin.tracking.mark import MARK
from tests.support.browsing import LIST, Browser, listed
from tests.support.engines import engine  # noqa: F401
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

LAST_HOUR = timedelta(hours=1)


@pytest.fixture
def admin():
    return Browser().sign_in(UserFactory(is_superuser=True))


@pytest.fixture
def extended():
    """A browser whose session lives, though its row and its mark expired an hour ago."""
    browser = Browser().sign_in(MembershipFactory().user)
    row = TrackedSession.objects.get(session_key=browser.key)
    row.expires_at = timezone.now() - LAST_HOUR
    row.last_seen_at -= 2 * LAST_HOUR
    row.save()
    session = import_module(site.SESSION_ENGINE).SessionStore(browser.key)
    session[MARK] |= {"expires": int(row.expires_at.timestamp())}
    session.set_expiry(timedelta(days=60))
    session.save()
    throttle.forget()
    return browser


def test_next_request_lists_it_again(admin, extended):
    row = TrackedSession.objects.get(session_key=extended.key)
    assert extended.is_signed_in()
    assert str(row.public_id) in listed(admin)
    row.refresh_from_db()
    assert row.expires_at > timezone.now() + timedelta(days=59)


def test_terminate_all_ends_it_before_its_next_request(admin, extended):
    admin.post(f"{LIST}terminate-all/", {"keep_current": "on"})
    termination = Termination.objects.get()
    assert (termination.requested, termination.ended) == (1, 1)
    assert not extended.is_signed_in()


@pytest.mark.parametrize("left", [timedelta(minutes=30), -LAST_HOUR])
def test_sweep_lists_it_before_its_next_request(admin, extended, left):
    """Before the old expiry, so that it is never missing, and after it."""
    row = TrackedSession.objects.get(session_key=extended.key)
    TrackedSession.objects.filter(pk=row.pk).update(expires_at=timezone.now() + left)
    call_command("sweep_sessions")
    row.refresh_from_db()
    assert row.ended_at is None
    assert str(row.public_id) in listed(admin)
    if engines.current().expires_as_saved:
        assert row.expires_at > timezone.now() + timedelta(days=59)


def test_sweep_leaves_the_expiry_of_others(admin):
    """One that expires soon and was not extended keeps its row as it is."""
    browser = Browser().sign_in(MembershipFactory().user)
    session = import_module(site.SESSION_ENGINE).SessionStore(browser.key)
    session.set_expiry(timedelta(minutes=30))
    session.save()
    row = TrackedSession.objects.get(session_key=browser.key)
    soon = timezone.now() + timedelta(minutes=30)
    TrackedSession.objects.filter(pk=row.pk).update(
        expires_at=soon, last_seen_at=timezone.now() - LAST_HOUR
    )
    call_command("sweep_sessions")
    row.refresh_from_db()
    assert abs(row.expires_at - soon) < timedelta(seconds=30)
