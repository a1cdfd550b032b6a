"""A mark counts only in its own session: copied, forged and broken ones are ignored."""

from __future__ import annotations

import logging
from datetime import timedelta
from importlib import import_module

import pytest
from django.conf import settings as site
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.core.management import call_command
from django.http import HttpResponse
from django.urls import include, path
from django.utils import timezone

from sessions_admin.models import TrackedSession
from sessions_admin.tracking import throttle
from sessions_admin.tracking.mark import MARK
from tests.support.browsing import LIST, Browser, listed
from tests.support.engines import engine  # noqa: F401
from tests.support.factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

Reason = TrackedSession.EndReason


def hand_over(request):
    """Continue in a copy of the session, as a kiosk that hands it over to a phone does."""
    copy = type(request.session)()
    copy.update(dict(request.session.items()))
    copy.create()
    request.session = copy
    return HttpResponse(status=204)


urlpatterns = [
    path("host/hand-over/", hand_over),
    path("", include("tests.support.racing_urls")),
]


@pytest.fixture(autouse=True)
def host(settings, caplog):
    """Simulate a fresh process for each test, and fail on any error in tracking."""
    settings.ROOT_URLCONF = __name__
    throttle.forget()
    with caplog.at_level(logging.ERROR, "sessions_admin"):
        yield
    assert not caplog.records


@pytest.fixture
def ana():
    return MembershipFactory(user__name="Ana Novak").user


@pytest.fixture
def bo():
    return MembershipFactory(user__name="Bo Berg").user


@pytest.fixture
def admin():
    return Browser().sign_in(UserFactory(is_superuser=True))


def store(key=None):
    return import_module(site.SESSION_ENGINE).SessionStore(key)


def holding(key: str) -> Browser:
    browser = Browser()
    browser.cookies["sessionid"] = key
    return browser


def copy_of(browser: Browser, *, mark=None) -> Browser:
    """Return a browser with a copy of the session under a new key."""
    copy = store()
    copy.update(dict(store(browser.key).items()))
    if mark is not None:
        copy[MARK] = mark
    copy.create()
    return holding(copy.session_key)


def write(browser: Browser, mark) -> None:
    session = store(browser.key)
    session[MARK] = mark
    session.save()


def rotate_unseen(browser: Browser) -> Browser:
    """Rotate the session's key without our middleware."""
    session = store(browser.key)
    session.load()
    session.cycle_key()
    session.save()
    return holding(session.session_key)


def keys_of(user) -> list[str | None]:
    rows = TrackedSession.objects.filter(user=user).order_by("pk")
    return list(rows.values_list("session_key", flat=True))


# --- Copies ---------------------------------------------------------------------------------------


def test_copy_is_a_login_of_its_own(ana, admin):
    original = Browser().sign_in(ana)
    row = TrackedSession.objects.get(user=ana)
    copies = [copy_of(original), copy_of(original)]
    for browser in [*copies, original, *copies]:
        throttle.forget()
        assert browser.is_signed_in()
    keys = [original.key, *(copy.key for copy in copies)]
    assert keys_of(ana) == keys
    row.refresh_from_db()
    assert (row.session_key, row.ended_at) == (original.key, None)
    assert len(listed(admin)) == 4

    admin.post(f"{LIST}{row.public_id}/terminate/")
    assert [holding(key).is_signed_in() for key in keys] == [False, True, True]


def test_copy_that_rotates_its_key_in_its_first_request(ana):
    original = Browser().sign_in(ana)
    copy = copy_of(original)
    copy.get("/racing/rotate/")
    assert original.is_signed_in()
    assert copy.is_signed_in()
    assert keys_of(ana) == [original.key, copy.key]


def test_copy_put_in_place_by_the_view(ana):
    phone = Browser().sign_in(ana)
    kiosk = holding(phone.key)
    kiosk.get("/host/hand-over/")
    assert kiosk.key != phone.key
    assert phone.is_signed_in()
    assert kiosk.is_signed_in()
    assert keys_of(ana) == [phone.key, kiosk.key]


def test_copy_lives_on_when_the_original_signs_out_first(ana, admin):
    original = Browser().sign_in(ana)
    copy = copy_of(original)
    original.post("/accounts/logout/")
    assert copy.is_signed_in()
    assert keys_of(ana) == [None, copy.key]
    assert copy.is_signed_in()


@pytest.mark.parametrize("address", ["/api/mobile/me/", "/racing/note/", LIST])
def test_copy_is_seen_first_by_any_request(ana, address):
    original = Browser().sign_in(ana)
    copy = copy_of(original)
    copy.get(address)
    assert keys_of(ana) == [original.key, copy.key]
    assert original.is_signed_in()


# --- Rotations that we do not see -----------------------------------------------------------------


def test_key_rotated_out_of_sight_keeps_its_row(ana, admin):
    browser = Browser().sign_in(ana)
    row = TrackedSession.objects.get(user=ana)
    rotated = rotate_unseen(rotate_unseen(browser))
    assert rotated.is_signed_in()
    row.refresh_from_db()
    assert (row.session_key, row.ended_at) == (rotated.key, None)
    assert keys_of(ana) == [rotated.key]
    assert str(row.public_id) in listed(admin)

    admin.post(f"{LIST}{row.public_id}/terminate/")
    assert not holding(rotated.key).is_signed_in()


def test_key_rotated_out_of_sight_and_swept_is_listed_in_its_row_again(ana):
    browser = Browser().sign_in(ana)
    rotated = rotate_unseen(browser)
    # The sweep skips rows that were written recently.
    TrackedSession.objects.update(last_seen_at=timezone.now() - timedelta(minutes=5))
    call_command("sweep_sessions", verbosity=0)
    assert TrackedSession.objects.get(user=ana).end_reason == Reason.LOST
    assert rotated.is_signed_in()
    assert keys_of(ana) == [rotated.key]


def test_key_rotated_out_of_sight_is_refused_after_the_termination(ana, admin):
    browser = Browser().sign_in(ana)
    rotated = rotate_unseen(browser)
    row = TrackedSession.objects.get(user=ana)
    admin.post(f"{LIST}{row.public_id}/terminate/")
    key = rotated.key
    rotated.is_signed_in()
    assert not holding(key).is_signed_in()
    assert keys_of(ana) == [None]


# --- Marks that are wrong -------------------------------------------------------------------------


def test_mark_with_another_persons_row(ana, bo, admin):
    hers, his = Browser().sign_in(ana), Browser().sign_in(bo)
    row = TrackedSession.objects.get(user=bo)
    his_mark, her_mark = store(his.key)[MARK], store(hers.key)[MARK]
    forged = her_mark | {"row": his_mark["row"]}
    for mark in (forged, forged | {"key": his_mark["key"]}, his_mark):
        write(hers, mark)
        for address in ("/api/mobile/me/", "/racing/note/", "/racing/rotate/"):
            throttle.forget()
            assert hers.get(address).status_code == 200
        assert his.is_signed_in()
    row.refresh_from_db()
    assert (row.session_key, row.ended_at) == (his.key, None)
    assert keys_of(ana) == [hers.key]


def test_copy_with_a_mark_of_another_persons_row(ana, bo):
    hers, his = Browser().sign_in(ana), Browser().sign_in(bo)
    copy = copy_of(hers, mark=store(his.key)[MARK] | {"user": str(ana.pk)})
    assert copy.is_signed_in()
    assert his.is_signed_in()
    assert (keys_of(ana), keys_of(bo)) == ([hers.key, copy.key], [his.key])


def test_copy_for_another_person(ana, bo):
    """As support software does that lets its staff act as a customer."""
    hers, his = Browser().sign_in(ana), Browser().sign_in(bo)
    acting = copy_of(hers)
    session = store(acting.key)
    session[SESSION_KEY] = str(bo.pk)
    session[HASH_SESSION_KEY] = bo.get_session_auth_hash()
    session.save()
    assert acting.is_signed_in()
    assert hers.is_signed_in()
    assert his.is_signed_in()
    assert (keys_of(ana), keys_of(bo)) == ([hers.key], [his.key, acting.key])


BROKEN = [
    ["a", "list"],
    "text",
    7,
    True,
    None,
    {},
    {"row": "not-a-uuid"},
    {"row": "0" * 100_000},
    {"row": 7},
    {"row": None},
    {"row": ["x"]},
    {"row": {}},
    {"key": 1},
    {"key": "é" * 5000},
    {"user": 1},
    {"account": {}},
    {"account": None},
    {"client": 7},
    {"client": "x" * 5000},
    {"expires": 10**40},
    {"expires": -1},
    {"expires": "soon"},
    {"expires": True},
    {"expires": 1.5},
]


@pytest.mark.parametrize("engine", ["db"], indirect=True)
@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: repr(broken)[:30])
@pytest.mark.parametrize("first", ["/api/mobile/me/", "/racing/note/", f"{LIST}terminate-all/"])
def test_broken_mark(broken, first):
    superuser = UserFactory(is_superuser=True)
    browser = Browser().sign_in(superuser)
    other = Browser().sign_in(UserFactory())
    mark = store(browser.key)[MARK]
    write(browser, mark | broken if isinstance(broken, dict) and broken else broken)
    assert browser.get(first).status_code == 200
    assert keys_of(superuser) == [browser.key]

    answer = browser.post(f"{LIST}terminate-all/", {"keep_current": "on"})
    assert answer.status_code == 302
    assert browser.is_signed_in()
    assert not other.is_signed_in()


def test_mark_of_a_newer_version_is_read(ana):
    browser = Browser().sign_in(ana)
    row = TrackedSession.objects.get(user=ana)
    write(browser, store(browser.key)[MARK] | {"added_later": [1, 2]})
    throttle.forget()
    assert browser.is_signed_in()
    row.refresh_from_db()
    assert keys_of(ana) == [browser.key]


def test_signing_in_over_a_copy_leaves_the_original_alone(ana):
    original = Browser().sign_in(ana)
    copy = copy_of(original)
    copy.post("/accounts/login/", {"username": ana.email, "password": PASSWORD})
    assert original.is_signed_in()
    assert copy.is_signed_in()
    assert keys_of(ana) == [original.key, copy.key]
