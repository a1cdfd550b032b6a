"""The list without filters is counted by a statement that Django writes once."""

from __future__ import annotations

import re
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


ONLY_KEPT = pytest.mark.skipif(connection.vendor != "postgresql", reason="kept for PostgreSQL")


@pytest.fixture
def operator():
    return Browser().sign_in(UserFactory(is_superuser=True))


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Where there were few sessions the last time: nowhere yet."""
    known = set()
    monkeypatch.setattr(counting_all, "_few", known)
    return known


def sent(*, is_listed=True):
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
        return sent(**how)


@pytest.mark.parametrize("is_listed", [True, False])
@pytest.mark.parametrize("are_few", [True, False])
def test_the_kept_statement_is_the_one_that_django_would_write(
    monkeypatch, few, is_listed, are_few
):
    if are_few:
        few.add(counting_all._key(connection, is_listed))
    for passed in (timedelta(), timedelta(hours=3), timedelta(days=400)):
        then = timezone.now() + passed
        monkeypatch.setattr(timezone, "now", lambda then=then: then)
        now = sent(is_listed=is_listed)
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
    before = sent()
    with_more = settings.SESSIONS_ADMIN | value if isinstance(value, dict) else value
    setattr(settings, name, with_more)
    assert sent() == written(monkeypatch) != before


@ONLY_KEPT
def test_django_writes_it_once(monkeypatch):
    sent()
    monkeypatch.setattr(counting_all, "_written", lambda *_how, **_more: 1 / 0)
    assert sent()


@pytest.mark.parametrize("bound", [2, 3, 5, 100])
@pytest.mark.parametrize("is_forgotten", [True, False])
def test_the_numbers_are_those_of_the_rows(
    acme, operator, monkeypatch, settings, few, bound, is_forgotten
):
    """With the smallest bound a sample is checked, which has to find who is deactivated."""
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 1, "MANY_SESSIONS": 1}
    monkeypatch.setattr("sessions_admin.listing.counting.LISTED", bound)
    members = [person(acme, f"Mia {n}") for n in range(4)]
    for member in members:
        Browser().sign_in(member)
    Browser().sign_in(members[1])
    theirs = TrackedSession.objects.filter(user__in=members[:2])
    theirs.update(is_far=True, last_seen_at=timezone.now() - timedelta(days=40))
    theirs.update(created_at=timezone.now() - timedelta(days=50))
    # Signed in: the superuser, four members, one of them twice.
    for gone, active, flagged in (([], 6, 3), ([3], 5, 3), ([2, 0], 3, 2)):
        User.objects.filter(pk__in=[members[n].pk for n in gone]).update(is_active=False)
        for _visit in range(2):
            if is_forgotten:
                few.clear()
            page = text(operator.get(LIST))
            shown = f"{min(active, bound)}{'+' if active > bound else ''} active sessions"
            assert shown in page
            assert f"Impossible travel {flagged} " in page
            assert f"Inactive for 30+ days {flagged} " in page
            assert "Many active sessions 1 " in page


@ONLY_KEPT
def test_few_that_have_become_many_are_still_counted(acme, operator, monkeypatch, settings, few):
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 1}
    monkeypatch.setattr("sessions_admin.listing.counting.LISTED", 3)
    Browser().sign_in(UserFactory())
    assert "2 active sessions" in text(operator.get(LIST))
    assert few
    older = re.search(r'\?after=[^"&]+', operator.get(LIST).content.decode())
    assert " 2 of 2 " in text(operator.get(LIST + older[0]))
    for _ in range(3):
        Browser().sign_in(UserFactory())
    assert "3+ active sessions" in text(operator.get(LIST))
    assert not few


def test_one_statement_counts_everything(operator, settings):
    """The others: session, user, accounts, rows, the sessions in the store, the memberships."""
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 1}
    Browser().sign_in(UserFactory())
    with CaptureQueriesContext(connections[TrackedSession.objects.db]) as queries:
        operator.get(LIST)
    assert len(queries) <= 7
