"""Keys rotated where the middleware does not see it, and a cache emptied during a termination."""

from __future__ import annotations

import os
import threading
import time
from importlib import import_module

import pytest
from django.conf import settings as site
from django.core.cache import cache
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import include, path

from sessions_admin import engines
from sessions_admin.models import TrackedSession
from sessions_admin.termination import immediate
from tests.support.browsing import Browser, listed
from tests.support.servers import PATIENCE
from tests.termination.races.in_flight import (
    InFlight,
    assert_ended,
    is_signed_in,
    me,
    note,
    rows_of,
    terminate,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("engine"),
    pytest.mark.every_engine,
]

# `ROUNDS=1000` searches longer for an unexpected moment.
ROUNDS = int(os.environ.get("ROUNDS", "5"))
streaming, go_on = threading.Event(), threading.Event()
new_keys: list[str] = []


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Rotate the session's key while the answer is streamed, after all middleware."""
    bool(request.user.is_authenticated)

    def parts():
        yield b"one"
        streaming.set()
        assert go_on.wait(PATIENCE)
        request.session.cycle_key()
        request.session.save()
        new_keys.append(request.session.session_key)
        yield b"two"

    return StreamingHttpResponse(parts())


def seen(request: HttpRequest) -> HttpResponse:
    """Record that a view acted for its signed-in user."""
    if request.user.is_authenticated:
        served.append(request.user.pk)
    return HttpResponse(status=200 if request.user.is_authenticated else 401)


async def seen_async(request: HttpRequest) -> HttpResponse:
    user = await request.auser()
    if user.is_authenticated:
        served.append(user.pk)
    return HttpResponse(status=200 if user.is_authenticated else 401)


served: list[int] = []

urlpatterns = [
    path("out-of-sight/stream/", stream),
    path("out-of-sight/seen/", seen),
    path("out-of-sight/quiet/", lambda request: HttpResponse(status=204)),
    path("out-of-sight/seen-async/", seen_async),
    path("", include("tests.support.racing_urls")),
]


@pytest.fixture(autouse=True)
def views(settings, racing_views):
    settings.ROOT_URLCONF = __name__
    # A thousand rounds may take longer than a proof of identity holds.
    settings.SESSIONS_ADMIN = {**settings.SESSIONS_ADMIN, "REAUTHENTICATION_AGE": 86_400}
    for each in (streaming, go_on):
        each.clear()
    new_keys.clear()
    served.clear()


def rotated_elsewhere(key: str) -> str:
    """Rotate the session's key as another site on the same store, or a WebSocket, does."""
    session = import_module(site.SESSION_ENGINE).SessionStore(key)
    session.load()
    session.cycle_key()
    session.save()
    return session.session_key


@pytest.mark.parametrize("address", ["/out-of-sight/seen/", "/out-of-sight/seen-async/"])
@pytest.mark.parametrize("every_request", [False, True], ids=["", "save-every-request"])
def test_rotated_elsewhere_before_the_termination(admin, member, settings, address, every_request):
    settings.SESSION_SAVE_EVERY_REQUEST = every_request
    browser = Browser().sign_in(member)
    key = rotated_elsewhere(browser.key)
    terminate(admin, member)

    browser.cookies["sessionid"] = key
    assert browser.get(address).status_code == 401
    assert served == []
    assert_ended(admin, member, [key])


def test_rotated_while_the_answer_is_streamed(admin, member):
    browser = Browser().sign_in(member)
    asking = Browser()
    asking.cookies["sessionid"] = browser.key

    def read():
        b"".join(asking.get("/out-of-sight/stream/").streaming_content)
        connections.close_all()

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    assert streaming.wait(PATIENCE)
    terminate(admin, member)
    go_on.set()
    reading.join(PATIENCE)

    assert new_keys
    browser.cookies["sessionid"] = new_keys[0]
    assert browser.get("/out-of-sight/seen/").status_code == 401
    assert served == []
    assert_ended(admin, member, [browser.key, *new_keys])


def test_rotated_elsewhere_without_a_termination_goes_on_as_the_same_row(admin, member):
    browser = Browser().sign_in(member)
    (row,) = rows_of(member)
    browser.cookies["sessionid"] = rotated_elsewhere(browser.key)
    assert browser.get("/out-of-sight/seen/").status_code == 200
    assert row in listed(admin)
    assert rows_of(member) == [row]


def reads_early(get_response):
    """A host's middleware that reads the session before the app's middleware."""

    def middleware(request):
        request.session.get("language")
        return get_response(request)

    return middleware


def test_session_that_another_middleware_has_read_before(admin, member, settings):
    browser = Browser().sign_in(member)
    key = rotated_elsewhere(browser.key)
    terminate(admin, member)
    ours = settings.MIDDLEWARE.index("sessions_admin.middleware.TrackedSessionMiddleware")
    early = f"{__name__}.reads_early"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:ours], early, *settings.MIDDLEWARE[ours:]]
    browser = Browser()
    browser.cookies["sessionid"] = key
    assert browser.get("/out-of-sight/seen/").status_code == 401
    assert served == []


def test_session_that_is_saved_unread(admin, member, settings):
    settings.SESSION_SAVE_EVERY_REQUEST = True
    browser = Browser().sign_in(member)
    key = rotated_elsewhere(browser.key)
    terminate(admin, member)
    browser.cookies["sessionid"] = key
    assert browser.get("/out-of-sight/quiet/").status_code == 204
    assert engines.current().load_many([key]) == {}


@pytest.mark.parametrize("mark", [{"row": "no-uuid"}, {"row": None}, {}, "text", ["list"], 5])
def test_mark_that_makes_no_sense_is_none(member, mark):
    browser = Browser().sign_in(member)
    session = import_module(site.SESSION_ENGINE).SessionStore(browser.key)
    stored = session["_sessions_admin"]
    session["_sessions_admin"] = stored | {"key": ""} | mark if isinstance(mark, dict) else mark
    session.save()
    browser.raise_request_exception = False
    assert browser.get("/out-of-sight/seen/").status_code == 200


def test_ordinary_request_asks_nothing_of_it(engine, member):
    browser = Browser().sign_in(member)
    with CaptureQueriesContext(connection) as captured:
        assert browser.get("/out-of-sight/seen/").status_code == 200
    assert not any(TrackedSession._meta.db_table in query["sql"] for query in captured)


# --- A cache that is emptied at the moment of an end ----------------------------------------------


@pytest.fixture
def cached(engine):
    if not engine.startswith("cached_db"):
        pytest.skip("only cached_db has a copy in a cache beside the database")


def evict(browser: Browser) -> None:
    store = import_module(site.SESSION_ENGINE).SessionStore(browser.key)
    store._cache.delete(store.cache_key)


def test_cache_emptied_while_a_reader_is_about_to_fill_it(cached, admin, member, stop):
    browser = Browser().sign_in(member)
    evict(browser)
    reader = InFlight(me, browser, stop("writing")).sent()
    terminate(admin, member)
    cache.clear()
    reader.finish()

    assert reader.answer.status_code == 401
    assert not is_signed_in(browser.key)
    assert_ended(admin, member, [browser.key, *reader.keys])


@pytest.mark.parametrize("place", ["before saving", "inside save"])
def test_cache_emptied_while_a_session_is_about_to_be_saved(cached, admin, member, stop, place):
    browser = Browser().sign_in(member)
    saving = InFlight(note, browser, stop(place)).sent()
    terminate(admin, member)
    cache.clear()
    saving.finish()

    assert not is_signed_in(browser.key)
    assert_ended(admin, member, [browser.key, *saving.keys])


def test_copy_that_comes_back_before_the_deletion_is_committed(cached, admin, member, monkeypatch):
    """A reader then still finds the database row, whose deletion is not committed."""
    browser = Browser().sign_in(member)
    store = import_module(site.SESSION_ENGINE).SessionStore
    copy, add = store(browser.key).load(), immediate.add

    def late(termination, numbers):
        cache.clear()
        cache.set(store.cache_key_prefix + browser.key, copy, 1000)
        add(termination, numbers)

    monkeypatch.setattr(immediate, "add", late)
    terminate(admin, member)
    assert not is_signed_in(browser.key)


def rounds(number: int, admin: Browser, member: object) -> int:
    """Return how many sessions came back when the cache was emptied as they ended."""
    back = 0
    for turn in range(number):
        browser = Browser().sign_in(member)
        evict(browser)
        senders = [InFlight(send, browser) for send in (me, note, me, note)]
        for sender in senders:
            sender.start()
        time.sleep(0.0005 * (turn % 8))
        terminate(admin, member)
        cache.clear()
        for sender in senders:
            sender.join(PATIENCE)
        back += is_signed_in(browser.key)
    return back


def test_rounds(cached, admin, member):
    assert rounds(ROUNDS, admin, member) == 0


def test_rounds_of_rotations(admin, member):
    """Another site rotates the key just before or after the termination."""
    back = 0
    for turn in range(ROUNDS):
        browser, keys = Browser().sign_in(member), []

        def rotate(key=browser.key, keys=keys):
            keys.append(rotated_elsewhere(key))
            connections.close_all()

        thread = threading.Thread(target=rotate)
        thread.start()
        time.sleep(0.0005 * (turn % 8))
        terminate(admin, member)
        thread.join(PATIENCE)
        browser.cookies["sessionid"] = keys[0]
        back += browser.get("/out-of-sight/seen/").status_code != 401
    assert (back, served) == (0, [])
