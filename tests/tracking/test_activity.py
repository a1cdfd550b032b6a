"""What is written while a session is active, and what is listed after it has expired."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_admin import ending
from sessions_admin.generated import last_week_until
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import throttle
from tests.support.browsing import WINDOWS, Browser, listed, row_of
from tests.support.factories import PASSWORD, MembershipFactory

pytestmark = pytest.mark.django_db


def test_ordinary_request_asks_the_database_nothing(ana, settings):
    browser = Browser().sign_in(ana)
    middleware = "sessions_admin.middleware.TrackedSessionMiddleware"

    with CaptureQueriesContext(connection) as tracked:
        assert browser.get("/api/mobile/me/").status_code == 200
    settings.MIDDLEWARE = [m for m in settings.MIDDLEWARE if m != middleware]
    with CaptureQueriesContext(connection) as plain:
        assert browser.get("/api/mobile/me/").status_code == 200

    # Django's own: the session and the user.
    assert len(tracked) == len(plain) == 2


def test_activity_is_written_once_an_interval_and_never_extends_the_session(ana):
    browser = Browser().sign_in(ana)
    expiry = Session.objects.get(session_key=browser.key).expire_date
    past = timezone.now() - timedelta(minutes=10)
    TrackedSession.objects.update(last_seen_at=past)
    throttle.forget()

    with CaptureQueriesContext(connection) as first:
        browser.get("/api/mobile/me/")
    seen = row_of(ana).last_seen_at
    with CaptureQueriesContext(connection) as second:
        browser.get("/api/mobile/me/")

    assert (len(first), len(second)) == (3, 2)
    assert seen > past
    assert row_of(ana).last_seen_at == seen
    assert Session.objects.get(session_key=browser.key).expire_date == expiry


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL counts such writes")
def test_activity_is_written_into_an_index_once_a_week(ana):
    """The other writes change no column of an index, so PostgreSQL writes the row alone."""
    browser = Browser().sign_in(ana)
    for past in (timezone.now() - timedelta(minutes=10), timezone.now() - timedelta(days=8)):
        TrackedSession.objects.update(last_seen_at=past)
        throttle.forget()
        before, of_row = row_of(ana), writes_of_rows_alone()
        browser.get("/api/mobile/me/")
        is_new_week = row_of(ana).last_seen_week != before.last_seen_week
        assert row_of(ana).last_seen_at > before.last_seen_at
        assert writes_of_rows_alone() - of_row == (0 if is_new_week else 1)


def writes_of_rows_alone():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = %s",
            [TrackedSession._meta.db_table],
        )
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("moment", "monday"),
    [
        ("2026-11-22T23:59:59.999999", "2026-11-16"),
        ("2026-11-23T00:00:00", "2026-11-23"),
        ("2026-11-28T12:30:00", "2026-11-23"),
        ("2027-01-01T00:00:00.000001", "2026-12-28"),
        ("1969-12-31T23:59:59", "1969-12-29"),
    ],
)
def test_week_of_the_last_activity_follows_it(ana, moment, monday):
    Browser().sign_in(ana)
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    TrackedSession.objects.update(last_seen_at=at)
    assert row_of(ana).last_seen_week == date.fromisoformat(monday)
    # Time zones make no difference to what is found.
    for hours in (-14, 0, 14):
        local = (at + timedelta(hours=hours)).replace(tzinfo=None)
        assert last_week_until(local) >= date.fromisoformat(monday)


def test_activity_is_written_once_an_interval_by_all_workers_together(ana):
    """Each process remembers only its own writes; the row decides for all of them."""
    browser = Browser().sign_in(ana)
    past = timezone.now() - timedelta(minutes=10)
    TrackedSession.objects.update(last_seen_at=past)
    seen = set()
    for _worker in range(3):
        throttle.forget()
        with CaptureQueriesContext(connection) as captured:
            for _ in range(4):
                browser.get("/api/mobile/me/")
        seen.add(row_of(ana).last_seen_at)
        # The session and the user of each request; one or two for the activity.
        assert len(captured) <= 4 * 2 + 2
    (written,) = seen
    assert written > past


def test_row_deleted_behind_our_back_comes_back(ana, operator, engine):
    browser = Browser().sign_in(ana)
    TrackedSession.objects.filter(user=ana).delete()
    throttle.forget()
    browser.get("/")

    assert str(row_of(ana).public_id) in listed(operator)


def test_tracking_that_fails_lets_people_sign_in_and_logs_why(ana, caplog):
    def broken(execute, sql, *rest):
        if sql.startswith(f"INSERT INTO {TrackedSession._meta.db_table}"):
            raise DatabaseError("no such table: sessions_admin_trackedsession")
        return execute(sql, *rest)

    browser = Browser()
    with caplog.at_level(logging.ERROR, "sessions_admin"), connection.execute_wrapper(broken):
        browser.sign_in(ana)

    assert browser.is_signed_in()
    assert "not tracked" in caplog.text
    assert "no such table" in caplog.text


@pytest.mark.parametrize(
    "change",
    [
        lambda user: get_user_model().objects.filter(pk=user.pk).update(is_active=False),
        lambda user: get_user_model().objects.filter(pk=user.pk).update(password="!"),
        lambda user: user.delete(),
    ],
    ids=["deactivated", "password changed", "deleted"],
)
def test_people_who_may_not_go_on_are_not_listed(ana, operator, engine, change):
    browser = Browser().sign_in(ana)
    row = str(row_of(ana).public_id)
    assert row in listed(operator)
    change(ana)

    assert row not in listed(operator)
    assert not browser.is_signed_in()


def test_session_gone_from_its_store_is_not_listed(ana, operator):
    browser = Browser(user_agent=WINDOWS).sign_in(ana)
    Session.objects.filter(session_key=browser.key).delete()

    assert str(row_of(ana).public_id) not in listed(operator)
    assert not browser.is_signed_in()


def test_refusal_outlives_a_session_with_a_long_life_of_its_own(ana, settings, monkeypatch):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    kept = []
    monkeypatch.setattr(
        "django.core.cache.backends.locmem.LocMemCache.set_many",
        lambda self, data, timeout: kept.append(timeout) or [],
    )
    Browser().sign_in(ana)
    year = timezone.now() + timedelta(days=365)
    TrackedSession.objects.update(expires_at=year)
    ending.end(TrackedSession.objects.all(), reason=TrackedSession.EndReason.TERMINATED)
    assert kept[0] > 365 * 24 * 3600


@pytest.mark.parametrize("change", ["account", "password"])
def test_request_that_changes_the_session_extends_the_row_with_it(ana, operator, change):
    other = MembershipFactory(user=ana, account__name="Globex").account
    browser = Browser().sign_in(ana)
    TrackedSession.objects.filter(user=ana).update(expires_at=timezone.now() + timedelta(hours=1))
    if change == "account":
        browser.post("/accounts/choose/", {"account": other.pk})
    else:
        new = "a-quite-different-9"
        fields = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
        browser.post("/accounts/password_change/", fields)

    expiry = Session.objects.get(session_key=browser.key).expire_date
    assert abs(row_of(ana).expires_at - expiry) < timedelta(seconds=5)
