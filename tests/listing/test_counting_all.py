"""The list without filters is counted by a statement that Django writes once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from sessions_admin.listing import counting_all
from sessions_admin.models import TrackedSession
from sessions_admin.policy import Scope
from tests.support.browsing import LIST, Browser, text
from tests.support.factories import UserFactory, person

pytestmark = pytest.mark.django_db
ALL = Scope(everything=True)


@pytest.fixture
def operator():
    return Browser().sign_in(UserFactory(is_superuser=True))


def sent(monkeypatch, *, is_listed=True):
    """Return what is sent to count all sessions."""
    found = []

    def send(*statement):
        found.append(statement)
        return lambda: ()

    counting_all.count(send, ALL, ALL.active(), is_listed=is_listed)
    return found


def written(monkeypatch, **how):
    """Return the same, written anew by Django."""
    with monkeypatch.context() as patch:
        patch.setattr(counting_all, "kept", lambda _key, write: write())
        return sent(patch, **how)


@pytest.mark.parametrize("is_listed", [True, False])
def test_the_kept_statement_is_the_one_that_django_would_write(monkeypatch, is_listed):
    for passed in (timedelta(), timedelta(hours=3), timedelta(days=400)):
        then = timezone.now() + passed
        monkeypatch.setattr(timezone, "now", lambda then=then: then)
        now = sent(monkeypatch, is_listed=is_listed)
        assert now == written(monkeypatch, is_listed=is_listed)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SESSIONS_ADMIN", {"MANY_SESSIONS": 17}),
        ("SESSIONS_ADMIN", {"ACTIVITY_INTERVAL": 3600}),
        ("SESSION_ENGINE", "django.contrib.sessions.backends.file"),
        ("AUTHENTICATION_BACKENDS", ["django.contrib.auth.backends.AllowAllUsersModelBackend"]),
    ],
)
def test_other_settings_have_a_statement_of_their_own(monkeypatch, settings, name, value):
    then = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: then)
    before = sent(monkeypatch)
    with_more = settings.SESSIONS_ADMIN | value if isinstance(value, dict) else value
    setattr(settings, name, with_more)
    assert sent(monkeypatch) == written(monkeypatch) != before


@pytest.mark.skipif(connection.vendor != "postgresql", reason="kept for PostgreSQL")
def test_django_writes_it_once(monkeypatch):
    sent(monkeypatch)
    monkeypatch.setattr(counting_all, "_written", None)
    assert sent(monkeypatch)


@pytest.mark.parametrize("bound", [2, 3, 5, 100])
def test_the_numbers_are_those_of_the_rows(acme, operator, monkeypatch, settings, bound):
    """With the smallest bound a sample is checked, which has to find who is deactivated."""
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 1}
    monkeypatch.setattr("sessions_admin.listing.counting.LISTED", bound)
    members = [person(acme, f"Mia {n}") for n in range(4)]
    for member in members:
        Browser().sign_in(member)
    TrackedSession.objects.filter(user=members[0]).update(is_far=True)
    TrackedSession.objects.filter(user=members[1]).update(is_far=True)
    for active in (5, 4, 2):
        page = text(operator.get(LIST))
        many = active > bound
        assert f"{min(active, bound)}{'+' if many else ''} active sessions" in page
        assert f"Impossible travel {min(active - 2, 2) or 1}" in page.replace("\n", " ")
        ended = {5: [members[3]], 4: [members[2], members[0]], 2: []}[active]
        User.objects.filter(pk__in=[each.pk for each in ended]).update(is_active=False)


def test_one_statement_counts_everything(operator, settings):
    """The others: session, user, accounts, rows, the sessions in the store, the memberships."""
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 1}
    Browser().sign_in(UserFactory())
    with CaptureQueriesContext(connections[TrackedSession.objects.db]) as queries:
        operator.get(LIST)
    assert len(queries) <= 7
