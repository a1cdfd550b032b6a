"""Other middleware that reads the session before ours, and changes it after ours.

Ours should come right after the one that provides the session. In these projects it comes last.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as site
from django.contrib.auth import get_user, login, logout
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import throttle
from tests.support.browsing import Browser, listed
from tests.support.servers import PATIENCE
from tests.termination.races.in_flight import (
    InFlight,
    assert_ended,
    me,
    note,
    rows_of,
    sign_out,
    terminate,
)
from tests.termination.races.test_out_of_sight import rotated_elsewhere

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("engine"),
    pytest.mark.every_engine,
]

ROUNDS = int(os.environ.get("ROUNDS", "5"))
TRACKER = "sessions_admin.middleware.TrackedSessionMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
SECOND = "/other-middleware/seen/"
served: list[int] = []


def seen(request: HttpRequest) -> HttpResponse:
    """Record that a view acted for its signed-in user, read in either way."""
    people = [request.user, async_to_sync(request.auser)()]
    served.extend(person.pk for person in people if person.is_authenticated)
    return HttpResponse(status=200 if request.user.is_authenticated else 401)


urlpatterns = [path("other-middleware/seen/", seen), path("", include("tests.support.racing_urls"))]


# --- Middleware of other projects -----------------------------------------------------------------

Handler = Callable[[HttpRequest], HttpResponse]


def reads_user(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        bool(request.user.is_authenticated)
        return get_response(request)

    return middleware


def reads_auser(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        async_to_sync(request.auser)()
        return get_response(request)

    return middleware


def own_authentication(get_response: Handler) -> Handler:
    """Set the user immediately, as Weblate does, instead of Django's middleware."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = get_user(request)
        request.user = user

        async def auser() -> Any:
            return user

        request.auser = auser
        return get_response(request)

    return middleware


def own_lazy_user(get_response: Handler) -> Handler:
    """Keep the user in a variable that no other code reaches."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = get_user(request)
        request.user = SimpleLazyObject(lambda: user)
        bool(request.user.is_authenticated)
        return get_response(request)

    return middleware


READERS = (reads_user, reads_auser, own_authentication, own_lazy_user)


def use(settings: Any, middleware: Callable[..., Any]) -> None:
    """Put this middleware after Django's for authentication, and ours last."""
    others = [name for name in settings.MIDDLEWARE if name != TRACKER]
    after = others.index(AUTHENTICATION) + 1
    early = f"{__name__}.{middleware.__name__}"
    settings.MIDDLEWARE = [*others[:after], early, *others[after:], TRACKER]
    settings.ROOT_URLCONF = __name__
    served.clear()


@pytest.fixture(params=READERS, ids=lambda reader: reader.__name__)
def reader(request, settings, racing_views):
    use(settings, request.param)
    return request.param


def raw(key: str) -> Any:
    return import_module(site.SESSION_ENGINE).SessionStore(key)


def with_key(key: str) -> Browser:
    browser = Browser()
    browser.cookies["sessionid"] = key
    return browser


# --- Before ours ----------------------------------------------------------------------------------


def come_back(key: str, data: dict[str, Any]) -> None:
    """Put the session's data back into its store, as a late save or cache fill would."""
    session = raw(key)
    session._session_cache = data
    session.save(must_create=True)


def test_copy_that_came_back_is_refused(engine, reader, admin, member):
    if engine in ("db", "cached_db-local"):
        pytest.skip("copies cannot come back here")
    browser = Browser().sign_in(member)
    data, key = raw(browser.key).load(), browser.key
    terminate(admin, member)
    come_back(key, data)
    assert raw(key).load()

    assert with_key(key).get(SECOND).status_code == 401
    assert served == []
    assert_ended(admin, member, [key])


def test_key_rotated_elsewhere_is_refused(reader, admin, member):
    key = rotated_elsewhere(Browser().sign_in(member).key)
    terminate(admin, member)
    assert with_key(key).get(SECOND).status_code == 401
    assert served == []


@pytest.mark.parametrize("place", ["before saving", "inside save", "writing"])
def test_session_saved_late(engine, reader, admin, member, stop, place):
    browser = Browser().sign_in(member)
    saving = InFlight(note, browser, stop(place)).sent()
    terminate(admin, member)
    saving.finish()

    served.clear()
    assert with_key(browser.key).get(SECOND).status_code == 401
    assert served == []
    assert_ended(admin, member, [browser.key, *saving.keys])


def test_the_reason_is_told_and_the_use_noted(reader, admin, member):
    browser = Browser().sign_in(member)
    assert browser.get(SECOND).status_code == 200
    terminate(admin, member)
    answer = browser.get("/accounts/password_change/", follow=True, HTTP_ACCEPT="text/html")
    assert "An administrator signed you out on " in answer.content.decode()
    assert TrackedSession.objects.get(user=member).reuse_count == 1


def test_one_may_sign_in_again_with_a_cookie_that_ended(reader, admin, member):
    browser = Browser().sign_in(member)
    terminate(admin, member)
    browser.sign_in(member)
    assert browser.get(SECOND).status_code == 200
    assert len(set(listed(admin)) & set(rows_of(member))) == 1


@pytest.mark.parametrize("end", ["", "terminated", "signed out"])
def test_key_that_the_reader_rotates(settings, reader, admin, member, end):
    """Django rotates the key of a session with an old secret when it reads the user."""
    browser = Browser().sign_in(member)
    (row,) = rows_of(member)
    data = raw(browser.key).load()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the-next-key-for-tests"
    key = browser.key
    if end:
        terminate(admin, member) if end == "terminated" else sign_out(browser)
        come_back(key, data)
        served.clear()
    answer = with_key(key).get(SECOND)

    if end:
        assert answer.status_code == 401
        assert served == []
    else:
        assert answer.status_code == 200
        assert row in listed(admin)
        assert with_key(answer.cookies["sessionid"].value).is_signed_in()
    assert rows_of(member) == [row]


def rounds(admin: Browser, member: User) -> int:
    """Return how many sessions were served after they had been terminated under load."""
    back = 0
    for turn in range(ROUNDS):
        browser = Browser().sign_in(member)
        if hasattr(raw(browser.key), "cache_key_prefix") and "cached_db" in site.SESSION_ENGINE:
            raw(browser.key)._cache.delete(raw(browser.key).cache_key)
        senders = [InFlight(send, browser) for send in (me, note, me, note)]
        for sender in senders:
            sender.start()
        time.sleep(0.0005 * (turn % 8))
        terminate(admin, member)
        for sender in senders:
            sender.join(PATIENCE)
        served.clear()
        keys = {browser.key, *(key for sender in senders if sender.answer for key in sender.keys)}
        back += sum(with_key(key).get(SECOND).status_code != 401 for key in keys) + len(served)
    return back


def test_rounds(reader, admin, member):
    assert rounds(admin, member) == 0


# --- After ours -----------------------------------------------------------------------------------


def slides(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.user.is_authenticated:
            request.session.set_expiry(timedelta(days=90))
        return response

    return middleware


def rotates(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.user.is_authenticated:
            request.session.cycle_key()
        return response

    return middleware


def signs_in(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if email := request.headers.get("X-Sign-In"):
            user = User.objects.get(email=email)
            login(request, user, "django.contrib.auth.backends.ModelBackend")
        return response

    return middleware


def signs_out(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "X-Sign-Out" in request.headers:
            logout(request)
        return response

    return middleware


def test_expiry_that_is_extended_after_ours(settings, racing_views, member):
    use(settings, slides)
    browser = Browser().sign_in(member)
    assert browser.get(SECOND).status_code == 200
    row = TrackedSession.objects.get(user=member)
    assert row.expires_at > timezone.now() + timedelta(days=80)


def test_key_that_is_rotated_after_ours(settings, racing_views, admin, member):
    use(settings, rotates)
    browser = Browser().sign_in(member)
    for _ in range(3):
        before = browser.key
        assert browser.get(SECOND).status_code == 200
        assert browser.key != before
        assert TrackedSession.objects.get(user=member).session_key == browser.key
        assert set(rows_of(member)) <= set(listed(admin))
    key = browser.key
    terminate(admin, member)
    assert with_key(key).get(SECOND).status_code == 401


@pytest.mark.parametrize("place", ["before rotating", "old key not deleted yet", "before saving"])
def test_key_that_is_rotated_after_ours_in_flight(
    settings, racing_views, admin, member, stop, place
):
    use(settings, rotates)
    browser = Browser().sign_in(member)
    rotating = InFlight(me, browser, stop(place)).sent()
    terminate(admin, member)
    rotating.finish()

    served.clear()
    for key in {browser.key, *rotating.keys}:
        assert with_key(key).get(SECOND).status_code == 401
    assert served == []
    assert not set(listed(admin)) & set(rows_of(member))


def test_sign_in_after_ours(settings, racing_views, admin, member):
    use(settings, signs_in)
    browser = Browser()
    browser.get(SECOND, headers={"X-Sign-In": member.email})
    assert browser.is_signed_in()
    assert set(rows_of(member)) <= set(listed(admin))
    assert len(rows_of(member)) == 1


def test_sign_out_after_ours(settings, racing_views, member):
    use(settings, signs_out)
    browser = Browser().sign_in(member)
    browser.get(SECOND, headers={"X-Sign-Out": "1"})
    row = TrackedSession.objects.get(user=member)
    assert (row.end_reason, row.session_key) == ("signed_out", None)


def test_saved_on_every_request_though_unread(settings, racing_views, member):
    """Django then extends the session's life, and the row says so."""
    settings.ROOT_URLCONF = "tests.termination.races.test_out_of_sight"
    settings.SESSION_SAVE_EVERY_REQUEST = True
    browser = Browser().sign_in(member)
    soon = timezone.now() + timedelta(minutes=5)
    TrackedSession.objects.update(expires_at=soon, last_seen_at=timezone.now() - timedelta(days=1))
    throttle.forget()
    assert browser.get("/out-of-sight/quiet/").status_code == 204
    row = TrackedSession.objects.get(user=member)
    assert row.expires_at > soon + timedelta(days=1)


def test_ordinary_request_saves_and_asks_nothing_more(
    settings, racing_views, member, django_assert_max_num_queries
):
    use(settings, reads_user)
    browser = Browser().sign_in(member)
    browser.get(SECOND)
    with django_assert_max_num_queries(3):  # The session, and the user twice.
        assert browser.get(SECOND).status_code == 200


class OtherCookie:
    """A project's middleware that keeps some sessions under another cookie, as pretix does."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.session = raw(request.COOKIES["other"])
        request.session.get("language")
        return self.get_response(request)


def test_session_of_another_cookie_leaves_that_of_django_s_alone(settings, racing_views, member):
    browser, other = Browser().sign_in(member), Browser().sign_in(member)
    settings.MIDDLEWARE = [
        f"{__name__}.OtherCookie",
        TRACKER,
        AUTHENTICATION,
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
    both = with_key(browser.key)
    both.cookies["other"] = other.key
    both.sign_in(member)
    row = TrackedSession.objects.get(session_key=browser.key)
    assert row.ended_at is None
