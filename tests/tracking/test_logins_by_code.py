"""Logins that code makes outside a request, above all ``force_login`` in the tests of a project."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sessions_admin import signals
from sessions_admin.models import TrackedSession
from sessions_admin.termination import terminate
from sessions_admin.tracking import throttle
from tests.support.browsing import Browser, listed, row_of
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

ME = "/api/mobile/me/"


@pytest.fixture
def browser():
    browser = Browser()
    browser.force_login(UserFactory(name="Ana Novak"))
    return browser


def statements(browser):
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(ME).status_code == 200
    return [query["sql"].split()[0] for query in captured]


def test_first_request_costs_four_statements_and_the_next_none(browser, operator):
    # The session, the user, whether there is a row, whether the session still lives, the flags, the
    # row.
    assert statements(browser) == [*["SELECT"] * 5, "INSERT"]
    assert statements(browser) == ["SELECT", "SELECT"]
    row = TrackedSession.objects.get(user__name="Ana Novak")
    assert str(row.public_id) in listed(operator)
    assert row.ip_address == "192.168.1.20"
    assert row.device_label


def test_not_tracked_in_a_test_suite(settings):
    settings.SESSIONS_ADMIN = {**settings.SESSIONS_ADMIN, "TRACK": False}
    browser = Browser()
    user = UserFactory()
    browser.force_login(user)
    for _ in range(2):
        assert statements(browser) == ["SELECT", "SELECT"]
    Browser().sign_in(user)
    assert not TrackedSession.objects.exists()
    with CaptureQueriesContext(connection) as captured:
        user.save()
        Browser().get(ME, headers={"Cookie": "sessionid=abcdefghijklmnopqrstuvwxyz012345"})
    assert not any(TrackedSession._meta.db_table in query["sql"] for query in captured)


def test_track_is_true_or_false(settings):
    settings.SESSIONS_ADMIN = {"TRACK": "no"}
    (found,) = run_checks(tags=["sessions_admin"])
    assert found.id == "sessions_admin.E003"
    assert found.hint == "Write True or False."


def test_another_process_writes_no_second_row(browser):
    statements(browser)
    for _ in range(2):
        throttle.forget()
        statements(browser)
    assert TrackedSession.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_starts_once(browser):
    started = []

    def on_started(session, **kwargs):
        started.append(session.public_id)

    signals.session_started.connect(on_started)
    try:
        for _ in range(2):
            throttle.forget()
            statements(browser)
    finally:
        signals.session_started.disconnect(on_started)
    assert started == [TrackedSession.objects.get().public_id]


def test_it_ends_and_stays_ended(browser, engine):
    browser = Browser()
    browser.force_login(UserFactory())
    statements(browser)
    key = browser.key
    terminate(TrackedSession.objects.all(), actor=UserFactory(), scope="All")
    throttle.forget()
    browser.cookies["sessionid"] = key
    assert not browser.is_signed_in()
    assert TrackedSession.objects.get().end_reason == "terminated"


def test_one_that_comes_back_is_ended_by_its_next_request(browser):
    statements(browser)
    key, data = browser.key, SessionStore(browser.key).load()
    terminate(TrackedSession.objects.all(), actor=UserFactory(), scope="All")
    copy = SessionStore(key)
    copy._session_cache = data
    copy.save(must_create=True)
    throttle.forget()
    browser.cookies["sessionid"] = key
    browser.get(ME)
    browser.cookies["sessionid"] = key
    assert not browser.is_signed_in()
    assert TrackedSession.objects.count() == 1


def test_account_is_kept_and_written_once():
    browser = Browser()
    browser.force_login(MembershipFactory(account__name="Globex").user)
    browser.get("/", follow=True)
    account = TrackedSession.objects.get().account_name
    assert account == "Globex"
    assert statements(browser) == ["SELECT", "SELECT"]


def test_adopted_before_its_first_request(browser):
    call_command("adopt_sessions", stdout=StringIO())
    assert TrackedSession.objects.count() == 1
    statements(browser)
    throttle.forget()
    statements(browser)
    row = TrackedSession.objects.get()
    for _ in range(2):
        throttle.forget()
        statements(browser)
    assert TrackedSession.objects.count() == 1
    assert row.ended_at is None


def test_key_rotated_by_the_first_request(browser, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the-next-key-for-tests"
    assert browser.get(ME).status_code == 200
    assert browser.get(ME).status_code == 200
    assert TrackedSession.objects.get(ended_at=None).session_key == browser.key


def test_another_user_in_the_same_client(browser):
    statements(browser)
    other = UserFactory()
    browser.force_login(other)
    statements(browser)
    assert row_of(other).session_key == browser.key


def test_signing_out_ends_the_row(browser):
    statements(browser)
    browser.post("/accounts/logout/")
    assert TrackedSession.objects.get().end_reason == "signed_out"
