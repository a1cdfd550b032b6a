"""Every sign-in is a row, which follows its session to the end."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_admin.models import TrackedSession
from tests.support.browsing import IPHONE, Browser, listed, row_of
from tests.support.factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


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


def test_django_admin_and_bare_login_calls_are_tracked(ana, operator, engine):
    staff = UserFactory(is_staff=True)
    browser = Browser()
    browser.post("/admin/login/", {"username": staff.email, "password": PASSWORD})
    assert TrackedSession.objects.filter(user=staff).count() == 1

    # A login outside this site's requests appears with its next request.
    elsewhere = Client()
    elsewhere.force_login(ana)
    assert not TrackedSession.objects.filter(user=ana).exists()
    elsewhere.get("/")
    assert row_of(ana).ended_at is None


def test_signing_out_ends_the_row(ana, engine):
    browser = Browser().sign_in(ana)
    browser.post("/accounts/logout/")

    row = row_of(ana)
    assert row.end_reason == TrackedSession.EndReason.SIGNED_OUT
    assert row.ended_at is not None
    assert row.session_key is None


def test_signing_in_over_somebody_ends_their_row(ana, bo, engine):
    browser = Browser().sign_in(ana)
    browser.sign_in(bo)

    assert row_of(ana).end_reason == TrackedSession.EndReason.REPLACED
    assert row_of(bo).ended_at is None
    assert row_of(bo).session_key == browser.key
    assert browser.is_signed_in()


def test_signing_in_again_is_a_new_row_and_a_new_key(ana, engine):
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


def test_password_change_keeps_the_same_row_under_the_new_key(ana, engine):
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
    # The row, and the query for the person's earlier ones.
    assert tracked - plain == 2
    assert tracked_over_another - plain <= 9


def test_signed_cookies_are_left_alone(ana, settings, caplog):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    assert Browser().sign_in(ana).is_signed_in()
    assert not TrackedSession.objects.exists()
    assert not caplog.records


def test_ones_own_row_is_there_on_the_request_that_rotates_or_starts_it(settings, engine):
    user = UserFactory(is_superuser=True)
    admin = Browser().sign_in(user)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-for-tests"
    assert listed(admin) == [str(row_of(user).public_id)]

    before_the_app = Browser()
    before_the_app.force_login(user)
    assert len(listed(before_the_app)) == 2
    assert len(listed(before_the_app)) == 2


def test_login_through_a_third_partys_backend(ana, operator, settings, engine):
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
