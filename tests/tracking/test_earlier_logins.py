"""The statement that reads a person's earlier logins at a sign-in."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.sql.compiler import SQLCompiler, SQLInsertCompiler
from django.utils import timezone

from sessions_admin.models import TrackedSession
from sessions_admin.tracking.history import COMPARED, flags_of_login
from tests.support.browsing import Browser
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

VIENNA = {
    "country_code": "AT",
    "country": "Austria",
    "city": "Vienna",
    "latitude": 48.2,
    "longitude": 16.4,
    "device_kind": "desktop",
}
SAN_FRANCISCO = {
    "country_code": "US",
    "country": "United States",
    "city": "San Francisco",
    "latitude": 37.8,
    "longitude": -122.4,
    "device_kind": "phone",
}


@pytest.fixture
def now():
    return timezone.now()


def write(user, now, count=1, *, days=2.0, **columns):
    """Write logins from Vienna, so many days ago, whose sessions are active."""
    at = now - timedelta(days=days)
    texts = {"user_label": "Ana", "application": "web", "account_id": "1"}
    times = {"created_at": at, "last_seen_at": at, "expires_at": now + timedelta(days=1)}
    rows = [
        TrackedSession(user=user, session_key=uuid4().hex, **(VIENNA | texts | times | columns))
        for _ in range(count)
    ]
    TrackedSession.objects.bulk_create(rows)


class TestMany:
    @pytest.fixture(autouse=True)
    def three_are_many(self, settings):
        settings.SESSIONS_ADMIN = {**settings.SESSIONS_ADMIN, "MANY_SESSIONS": 3}

    def is_many(self, user, now):
        return flags_of_login(user, VIENNA, "1", now)["is_one_of_many"]

    def test_counts_the_active_ones_of_this_person_in_this_account(self, ana, now):
        write(ana, now, 2)
        assert not self.is_many(ana, now)
        write(ana, now)
        assert self.is_many(ana, now)

    @pytest.mark.parametrize("other", ["ended", "expired", "elsewhere", "somebody's"])
    def test_counts_no_others(self, ana, now, other):
        write(ana, now, 2)
        columns = {
            "ended": {"ended_at": now},
            "expired": {"expires_at": now - timedelta(seconds=1)},
            "elsewhere": {"account_id": "2"},
        }
        write(UserFactory() if other == "somebody's" else ana, now, 2, **columns.get(other, {}))
        assert not self.is_many(ana, now)


class TestKnown:
    def new(self, user, now):
        found = flags_of_login(user, SAN_FRANCISCO, "1", now)
        return found.get("is_new_country", False), found.get("is_new_kind", False)

    def test_what_the_person_has_never_had_is_new(self, ana, now):
        write(ana, now, 3)
        assert self.new(ana, now) == (True, True)

    @pytest.mark.parametrize("column", ["country_code", "device_kind"])
    def test_each_is_known_by_itself(self, ana, now, column):
        write(ana, now, 3)
        write(ana, now, **{column: SAN_FRANCISCO[column]})
        assert self.new(ana, now) == (column != "country_code", column != "device_kind")

    def test_what_others_have_had_is_not_known(self, ana, now):
        write(ana, now, 3)
        write(UserFactory(), now, **SAN_FRANCISCO)
        assert self.new(ana, now) == (True, True)

    def test_what_is_older_than_the_compared_ones_is_known(self, ana, now):
        write(ana, now, days=200, **SAN_FRANCISCO)
        write(ana, now, COMPARED)
        assert self.new(ana, now) == (False, False)


@pytest.mark.parametrize("has_zones", [True, False])
def test_times_are_read_as_the_project_keeps_them(ana, settings, has_zones):
    settings.USE_TZ = has_zones
    now = timezone.now()
    write(ana, now, 3)
    write(ana, now, days=1 / 24)
    found = flags_of_login(ana, SAN_FRANCISCO, "1", now)
    assert found["is_far"]
    assert found["flag_evidence"]["far"]["minutes"] == 60


def test_the_newest_are_compared(ana, now):
    write(ana, now, COMPARED, days=200)
    write(ana, now, days=1 / 24)
    assert flags_of_login(ana, SAN_FRANCISCO, "1", now)["is_far"]


def test_the_latest_origin_of_a_session_is_compared(ana, now):
    write(ana, now, 3)
    latest = {**SAN_FRANCISCO, "ip_address": None, "user_agent": ""}
    latest |= dict.fromkeys(("first_seen_at", "last_seen_at"), now.isoformat())
    write(ana, now, days=0, other_origins=[latest])
    assert not flags_of_login(ana, SAN_FRANCISCO, "1", now).get("is_far")


def test_django_builds_neither_statement_of_a_sign_in(ana, monkeypatch):
    """Building them took longer than running them."""
    built = []

    def note(kind):
        execute = kind.execute_sql

        def noted(self, *args, **kwargs):
            built.append(self.query.model)
            return execute(self, *args, **kwargs)

        monkeypatch.setattr(kind, "execute_sql", noted)

    note(SQLCompiler)
    note(SQLInsertCompiler)
    Browser().sign_in(ana)
    assert TrackedSession not in built
    assert type(ana) in built
