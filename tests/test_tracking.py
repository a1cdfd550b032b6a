"""Every login is one row, from its sign-in to its end, on every engine."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_admin import ending
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import recent

from .browsing import IPHONE, WINDOWS, Browser, listed
from .engine_fixtures import engine  # noqa: F401
from .factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def forget_what_was_written():
    recent.forget()


@pytest.fixture
def ana():
    return MembershipFactory(user__name="Ana Novak", account__name="Acme").user


@pytest.fixture
def bo():
    return MembershipFactory(user__name="Bo Berg", account__name="Globex").user


@pytest.fixture
def operator():
    """A superuser's browser, signed in and on the list already."""
    user = UserFactory(is_superuser=True, name="Olga Operator")
    browser = Browser().sign_in(user)
    listed(browser)
    return browser


def row_of(user):
    return TrackedSession.objects.get(user=user)


def test_sign_in_writes_one_row_with_everything_known(ana):
    Browser(user_agent=IPHONE, ip="2001:db8::7").sign_in(ana)

    row = row_of(ana)
    assert row.user_label == f"Ana Novak ({ana.email})"
    assert (row.account_name, row.application) == ("Acme", "web")
    assert row.ip_address == "2001:db8::7"
    assert row.user_agent == IPHONE
    assert (row.device, row.os_text, row.browser_in_full) == ("iPhone", "iOS 17.5", "Safari 17.5")
    assert row.device_kind == "phone"
    assert row.created_at <= row.last_seen_at <= timezone.now() < row.expires_at
    assert (row.ended_at, row.end_reason) == (None, "")


@pytest.mark.parametrize(
    ("entrance", "application"),
    [("/accounts/login/", "web"), ("/account-management/login/", "management")],
)
def test_application_is_the_entrance(ana, entrance, application):
    Browser().sign_in(ana, entrance)

    assert row_of(ana).application == application


def test_mobile_sign_in_is_tracked(ana):
    body = {"email": ana.email, "password": PASSWORD}
    Browser().post("/api/mobile/sign-in/", body, content_type="application/json")

    assert row_of(ana).application == "mobile"


def test_django_admin_and_bare_login_calls_are_tracked(ana, operator, engine):  # noqa: F811
    staff = UserFactory(is_staff=True)
    browser = Browser()
    browser.post("/admin/login/", {"username": staff.email, "password": PASSWORD})
    assert TrackedSession.objects.filter(user=staff).count() == 1

    # A login that no request of this site made: it appears with its next request.
    elsewhere = Client()
    elsewhere.force_login(ana)
    assert not TrackedSession.objects.filter(user=ana).exists()
    elsewhere.get("/")
    assert row_of(ana).ended_at is None


def test_signing_out_ends_the_row(ana, engine):  # noqa: F811
    browser = Browser().sign_in(ana)
    browser.post("/accounts/logout/")

    row = row_of(ana)
    assert row.end_reason == TrackedSession.EndReason.SIGNED_OUT
    assert row.ended_at is not None
    assert row.session_key is None


def test_signing_in_over_somebody_ends_their_row(ana, bo, engine):  # noqa: F811
    browser = Browser().sign_in(ana)
    browser.sign_in(bo)

    assert row_of(ana).end_reason == TrackedSession.EndReason.REPLACED
    assert row_of(bo).ended_at is None
    assert row_of(bo).session_key == browser.key
    assert browser.is_signed_in()


def test_signing_in_again_is_a_new_row_and_a_new_key(ana, engine):  # noqa: F811
    browser = Browser().sign_in(ana)
    copy = Browser()
    copy.cookies["sessionid"] = browser.key
    browser.sign_in(ana)

    first, second = TrackedSession.objects.order_by("pk")
    assert first.end_reason == TrackedSession.EndReason.REPLACED
    assert second.ended_at is None
    assert second.session_key == browser.key
    assert browser.is_signed_in()
    assert not copy.is_signed_in()


def test_password_change_keeps_the_same_row_under_the_new_key(ana, engine):  # noqa: F811
    browser = Browser().sign_in(ana)
    before = row_of(ana)
    new = "a-quite-different-9"
    fields = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert browser.post("/accounts/password_change/", fields).status_code == 302

    after = row_of(ana)
    assert after.public_id == before.public_id
    assert after.session_key == browser.key != before.session_key
    assert after.ended_at is None


def test_switching_account_keeps_the_row_and_updates_it(ana):
    other = MembershipFactory(user=ana, account__name="Globex").account
    browser = Browser().sign_in(ana)
    before = row_of(ana)
    browser.post("/accounts/choose/", {"account": other.pk})

    after = row_of(ana)
    assert (before.account_name, after.account_name) == ("Acme", "Globex")
    assert after.account_id == str(other.pk)
    assert after.public_id == before.public_id


def test_renamed_account_shows_under_its_new_name(ana):
    Browser().sign_in(ana)
    account = ana.accounts.get()
    account.name = "Acme International"
    account.save()

    assert row_of(ana).account_name == "Acme International"


def test_failed_sign_in_writes_no_row(ana):
    Browser().post("/accounts/login/", {"username": ana.email, "password": "wrong"})

    assert not TrackedSession.objects.exists()


@pytest.mark.parametrize(
    ("headers", "user_agent", "ip"),
    [
        ({"HTTP_USER_AGENT": "x" * 10_240}, "x" * 1000, "127.0.0.1"),
        ({}, "", "127.0.0.1"),
        ({"HTTP_USER_AGENT": "a\x00b\x1b[31m"}, "ab[31m", "127.0.0.1"),
        ({"REMOTE_ADDR": "::ffff:203.0.113.9"}, "", "203.0.113.9"),
        ({"REMOTE_ADDR": "fe80::1%eth0"}, "", "fe80::1"),
        ({"REMOTE_ADDR": "not-an-address"}, "", None),
        ({"REMOTE_ADDR": ""}, "", None),
        ({"HTTP_X_FORWARDED_FOR": "8.8.8.8"}, "", "127.0.0.1"),
    ],
)
def test_odd_clients_are_stored_never_refused(ana, operator, headers, user_agent, ip):
    browser = Client(**headers)
    browser.post("/accounts/login/", {"username": ana.email, "password": PASSWORD})

    row = row_of(ana)
    assert (row.user_agent, row.ip_address) == (user_agent, ip)
    assert str(row.public_id) in listed(operator)


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


def test_sign_in_costs_two_statements_at_most(ana, settings):
    def statements(browser):
        with CaptureQueriesContext(connection) as captured:
            browser.sign_in(ana)
        return len(captured)

    tracked = statements(Browser())
    tracked_over_another = statements(Browser().sign_in(UserFactory()))
    middleware = "sessions_admin.middleware.TrackedSessionMiddleware"
    settings.MIDDLEWARE = [m for m in settings.MIDDLEWARE if m != middleware]
    plain = statements(Browser())
    # The row, and a look at the person's earlier ones.
    assert tracked - plain == 2
    assert tracked_over_another - plain <= 9


def test_activity_is_written_once_an_interval_and_never_extends_the_session(ana):
    browser = Browser().sign_in(ana)
    expiry = Session.objects.get(session_key=browser.key).expire_date
    past = timezone.now() - timedelta(minutes=10)
    TrackedSession.objects.update(last_seen_at=past)
    recent.forget()

    with CaptureQueriesContext(connection) as first:
        browser.get("/api/mobile/me/")
    seen = row_of(ana).last_seen_at
    with CaptureQueriesContext(connection) as second:
        browser.get("/api/mobile/me/")

    assert (len(first), len(second)) == (3, 2)
    assert seen > past
    assert row_of(ana).last_seen_at == seen
    assert Session.objects.get(session_key=browser.key).expire_date == expiry


def test_activity_is_written_once_an_interval_by_all_workers_together(ana):
    """Each process remembers for itself what it wrote; the row knows for all of them."""
    browser = Browser().sign_in(ana)
    past = timezone.now() - timedelta(minutes=10)
    TrackedSession.objects.update(last_seen_at=past)
    seen = set()
    for _worker in range(3):
        recent.forget()
        with CaptureQueriesContext(connection) as captured:
            for _ in range(4):
                browser.get("/api/mobile/me/")
        seen.add(row_of(ana).last_seen_at)
        # The session and the user of each request; one or two for the activity.
        assert len(captured) <= 4 * 2 + 2
    (written,) = seen
    assert written > past


def test_row_deleted_behind_our_back_comes_back(ana, operator, engine):  # noqa: F811
    browser = Browser().sign_in(ana)
    TrackedSession.objects.filter(user=ana).delete()
    recent.forget()
    browser.get("/")

    assert str(row_of(ana).public_id) in listed(operator)


def test_tracking_that_fails_lets_people_sign_in_and_logs_why(ana, monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise DatabaseError("no such table: sessions_admin_trackedsession")

    monkeypatch.setattr(TrackedSession, "save", broken)
    browser = Browser()
    with caplog.at_level(logging.ERROR, "sessions_admin"):
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
def test_whoever_may_not_go_on_is_not_listed(ana, operator, engine, change):  # noqa: F811
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


def test_signed_cookies_are_left_alone(ana, settings, caplog):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    assert Browser().sign_in(ana).is_signed_in()
    assert not TrackedSession.objects.exists()
    assert not caplog.records


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


def test_ones_own_row_is_there_on_the_request_that_rotates_or_starts_it(settings, engine):  # noqa: F811
    user = UserFactory(is_superuser=True)
    admin = Browser().sign_in(user)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-for-tests"
    assert listed(admin) == [str(row_of(user).public_id)]

    before_the_app = Browser()
    before_the_app.force_login(user)
    assert len(listed(before_the_app)) == 2
    assert len(listed(before_the_app)) == 2


def test_login_through_a_third_partys_backend(ana, operator, settings, engine):  # noqa: F811
    badge = "tests.hosts.other_backend.BadgeBackend"
    settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, badge]
    browser = Browser()
    browser.force_login(ana, backend=badge)
    assert browser.is_signed_in()
    row = str(row_of(ana).public_id)
    admin = Browser().sign_in(UserFactory(is_superuser=True))
    assert row in listed(admin)

    type(ana).objects.filter(pk=ana.pk).update(is_active=False)
    assert row not in listed(admin)
    type(ana).objects.filter(pk=ana.pk).update(is_active=True)
    assert row in listed(admin)

    # The host no longer accepts badges.
    settings.AUTHENTICATION_BACKENDS = settings.AUTHENTICATION_BACKENDS[:-1]
    assert row not in listed(admin)
    assert not browser.is_signed_in()


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
