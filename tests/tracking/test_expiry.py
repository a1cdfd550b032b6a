"""A row follows the expiry in the store, longer or shorter, from the next request."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings as site
from django.contrib.auth import authenticate, login
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accounts.models import User
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import throttle
from tests.support.browsing import IPHONE, LIST, Browser, listed
from tests.support.engines import engine  # noqa: F401
from tests.support.factories import PASSWORD, MembershipFactory, UserFactory
from tests.support.storm import Visitor, start_site

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

MONTH, YEAR = 30 * 86_400, 365 * 86_400
SHORT = 100


def trust(request, seconds):
    """Trust this device: give the session the expiry that the person selects."""
    if seconds and "until" in request.GET:
        # Django stores a fixed time, which later requests do not move.
        request.session.set_expiry(timedelta(seconds=seconds))
    else:
        request.session.set_expiry(seconds)
    return HttpResponse(status=204)


@csrf_exempt
def sign_in_briefly(request):
    given = json.loads(request.body)
    login(request, authenticate(request, username=given["email"], password=PASSWORD))
    request.session.set_expiry(SHORT)
    return HttpResponse(status=204)


urlpatterns = [
    path("host/trust/<int:seconds>/", trust),
    path("host/sign-in/", sign_in_briefly),
    path("", include("tests.support.racing_urls")),
]


@pytest.fixture(autouse=True)
def host(settings):
    settings.ROOT_URLCONF = __name__
    throttle.forget()


@pytest.fixture
def ana() -> User:
    return MembershipFactory(user__name="Ana Novak").user


@pytest.fixture
def admin() -> Browser:
    return Browser().sign_in(UserFactory(is_superuser=True))


def sign_in(user: User) -> Browser:
    browser = Browser()
    body = json.dumps({"email": user.email})
    assert browser.post("/host/sign-in/", body, content_type="application/json").status_code == 204
    return browser


def left(user: User) -> float:
    """Return the seconds until this person's row expires."""
    return (TrackedSession.objects.get(user=user).expires_at - timezone.now()).total_seconds()


def pass_row_expiry(by: float) -> None:
    """Make the rows this much older, but not the store."""
    for row in TrackedSession.objects.all():
        row.expires_at -= timedelta(seconds=by)
        row.save(update_fields=["expires_at"])


@pytest.mark.parametrize("how", ["", "?until"])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_longer_life_is_written_by_the_request_that_gives_it(ana, admin, how, elsewhere):
    """Even within the activity interval of the sign-in, in this process or another."""
    browser = sign_in(ana)
    assert left(ana) == pytest.approx(SHORT, abs=10) or site.SESSION_ENGINE.endswith("file")
    if elsewhere:
        browser.defaults["HTTP_USER_AGENT"] = IPHONE
        assert browser.is_signed_in()
    browser.get(f"/host/trust/{MONTH}/{how}")
    assert left(ana) >= MONTH - 10
    # The first expiry has passed.
    pass_row_expiry(SHORT + 120)
    assert str(TrackedSession.objects.get(user=ana).public_id) in listed(admin)
    admin.post(f"{LIST}terminate-all/", {"keep_current": "on"})
    assert not browser.is_signed_in()


@pytest.mark.parametrize("engine", ["db", "cached_db-redis"], indirect=True)
def test_life_is_followed_in_both_directions(ana):
    browser = sign_in(ana)
    for seconds in (MONTH, SHORT, YEAR, 3600, MONTH):
        for how in ("", "?until"):
            browser.get(f"/host/trust/{seconds}/{how}")
            assert left(ana) == pytest.approx(seconds, abs=10)
            stored = Session.objects.get(session_key=browser.key).expire_date
            row = TrackedSession.objects.get(user=ana)
            assert abs(row.expires_at - stored) < timedelta(seconds=10)
    # Until the browser closes: the store then uses its default age.
    browser.get("/host/trust/0/")
    assert left(ana) == pytest.approx(site.SESSION_COOKIE_AGE, abs=10)


def test_expiry_that_moves_with_every_request_costs_one_write_an_interval(
    ana,
    settings,
    engine,  # noqa: F811
):
    settings.SESSION_SAVE_EVERY_REQUEST = True
    browser = Browser().sign_in(ana)
    browser.is_signed_in()
    for _worker in range(3):
        throttle.forget()
        with CaptureQueriesContext(connection) as captured:
            browser.is_signed_in()
            browser.is_signed_in()
        ours = [q for q in captured if "trackedsession" in q["sql"]]
        # At most one read and one update of the row.
        assert len(ours) <= 2
        assert not [q for q in ours if q["sql"].startswith("UPDATE")][1:]
    throttle.forget()
    TrackedSession.objects.update(last_seen_at=timezone.now() - timedelta(minutes=10))
    pass_row_expiry(3600)
    browser.is_signed_in()
    assert left(ana) == pytest.approx(settings.SESSION_COOKIE_AGE, abs=10)


@pytest.mark.parametrize("age", [MONTH, 3600])
@pytest.mark.parametrize("address", ["/racing/note/", "/racing/rotate/"])
def test_usual_age_changed_by_a_deployment(ana, settings, age, address):
    browser = Browser().sign_in(ana)
    settings.SESSION_COOKIE_AGE = age
    browser.get(address)
    assert left(ana) == pytest.approx(age, abs=10)


def test_late_request_with_an_older_life_shortens_nothing(ana):
    """The late request read the session before another request extended it."""
    browser = sign_in(ana)
    session = import_module(site.SESSION_ENGINE).SessionStore(browser.key)
    before = dict(session.items())
    browser.get(f"/host/trust/{MONTH}/")
    after = dict(import_module(site.SESSION_ENGINE).SessionStore(browser.key).items())

    # A late reader's copy, in a store that has the longer expiry again afterwards.
    for data in (before, after):
        session = import_module(site.SESSION_ENGINE).SessionStore(browser.key)
        session.load()
        session._session_cache = data
        session.save()
        throttle.forget()
        TrackedSession.objects.update(last_seen_at=timezone.now() - timedelta(minutes=10))
        assert browser.is_signed_in()
    assert left(ana) >= MONTH - 60


def test_row_that_is_too_short_is_mended_by_a_request_that_saves_nothing(ana):
    browser = Browser().sign_in(ana)
    TrackedSession.objects.update(
        expires_at=timezone.now() + timedelta(seconds=SHORT),
        last_seen_at=timezone.now() - timedelta(minutes=10),
    )
    throttle.forget()
    assert browser.is_signed_in()
    assert left(ana) == pytest.approx(site.SESSION_COOKIE_AGE, abs=10)


@pytest.mark.django_db(transaction=True)
def test_longer_life_from_another_process(settings, admin):
    """Twenty browsers trust their device within the activity interval of their sign-in."""
    people = [UserFactory() for _ in range(20)]
    port, stop = start_site(workers=2)
    try:
        for person in people:
            visitor = Visitor(port)
            body = json.dumps({"email": person.email})
            assert visitor.send("POST", "/host/sign-in/", body)[0] == 204
            assert visitor.get(f"/host/trust/{MONTH}/")[0] == 204
            visitor.close()
    finally:
        stop()
    assert min(left(person) for person in people) >= MONTH - 60


# --- Engine file: an expiry is worked out whenever the file is read -------------------------------


@pytest.mark.parametrize("engine", ["file"], indirect=True)
class TestFile:
    def test_age_raised_by_a_deployment(self, ana, admin, settings):
        browser = Browser().sign_in(ana)
        self.become_older(settings, days=20)
        assert not browser.is_signed_in()
        browser = Browser().sign_in(ana)
        self.become_older(settings, days=10)
        settings.SESSION_COOKIE_AGE = MONTH
        self.become_older(settings, days=10)
        row = TrackedSession.objects.get(user=ana, session_key=browser.key)
        admin.sign_in(User.objects.get(is_superuser=True))
        assert str(row.public_id) in listed(admin)
        admin.post(f"{LIST}terminate-all/", {"keep_current": "on"})
        assert not browser.is_signed_in()

    def test_age_lowered_by_a_deployment(self, ana, admin, settings):
        browser = Browser().sign_in(ana)
        settings.SESSION_COOKIE_AGE = 3600
        self.become_older(settings, hours=2)
        admin.sign_in(User.objects.get(is_superuser=True))
        assert len(listed(admin)) == 1
        assert not browser.is_signed_in()

    def test_cookie_renamed_and_named_as_before(self, ana, admin, settings):
        """The names of the session files include the cookie's name."""
        browser = Browser().sign_in(ana)
        row = str(TrackedSession.objects.get(user=ana).public_id)
        before = settings.SESSION_COOKIE_NAME
        settings.SESSION_COOKIE_NAME = "renamed"
        newer = Browser().sign_in(UserFactory(is_superuser=True))
        assert row not in listed(newer)
        newer.cookies["renamed"] = browser.key
        assert not newer.is_signed_in()
        settings.SESSION_COOKIE_NAME = before
        assert row in listed(admin)
        assert browser.is_signed_in()

    def become_older(self, settings, **by) -> None:
        ago = timedelta(**by)
        for each in Path(settings.SESSION_FILE_PATH).iterdir():
            written = each.stat().st_mtime - ago.total_seconds()
            os.utime(each, (written, written))
        for row in TrackedSession.objects.all():
            row.last_seen_at, row.expires_at = row.last_seen_at - ago, row.expires_at - ago
            row.save()


# --- Rows deleted behind the app ------------------------------------------------------------------


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("raw", [False, True])
def test_row_deleted_behind_the_app_is_back_after_an_interval(ana, admin, moved, raw, monkeypatch):
    browser = Browser().sign_in(ana)
    if moved:
        browser.defaults["HTTP_USER_AGENT"] = IPHONE
    assert browser.is_signed_in()
    if raw:
        with connection.cursor() as cursor:
            table = TrackedSession._meta.db_table
            cursor.execute(f"DELETE FROM {table} WHERE user_id = %s", [ana.pk])
    else:
        TrackedSession.objects.filter(user=ana).delete()
    later = timezone.now() + timedelta(seconds=site.SESSIONS_ADMIN.get("ACTIVITY_INTERVAL", 60) + 1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert browser.is_signed_in()
    row = TrackedSession.objects.get(user=ana)
    assert (row.session_key, row.ended_at) == (browser.key, None)
    assert str(row.public_id) in listed(admin)
