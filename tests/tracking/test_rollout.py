"""Installing the app signs nobody out: older sessions continue and get one row each.

The site uses two processes, and each browser's first page sends six requests in parallel.
"""

from __future__ import annotations

import threading
from importlib import import_module

import pytest
from django.conf import settings as site
from django.contrib.sessions.backends.base import SessionBase
from django.test import Client

from sessions_admin import tracking
from sessions_admin.models import TrackedSession
from tests.support.browsing import Browser
from tests.support.engines import engine  # noqa: F401
from tests.support.factories import UserFactory
from tests.support.storm import Visitor, start_site
from tests.termination.races.in_flight import InFlight, Stop, me, note, rotate, sign_out

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("engine")]

BROWSERS = 40
FIRST_PAGE = [
    "/",
    "/api/mobile/me/",
    "/api/mobile/me/",
    "/racing/note/",
    "/api/mobile/me/",
    "/racing/async/",
]


@pytest.fixture(autouse=True)
def racing_views(settings):
    settings.ROOT_URLCONF = "tests.support.racing_urls"


def older_session(user) -> str:
    """Return the key of a session from before the installation."""
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def holding(key: str) -> Browser:
    browser = Browser()
    browser.cookies["sessionid"] = key
    return browser


def test_parallel_first_requests_keep_every_browser(engine):  # noqa: F811
    keys = [older_session(user) for user in UserFactory.create_batch(BROWSERS)]
    port, stop = start_site(workers=2)
    try:
        statuses = [status for key in keys for status in first_page(port, key)]
        signed_in = [Visitor(port).with_key(key).is_signed_in() for key in keys]
    finally:
        stop()
    assert set(statuses) == {200}
    assert signed_in.count(False) == 0
    rows = TrackedSession.objects.values_list("session_key", "end_reason")
    assert sorted(rows) == sorted((key, "") for key in keys)


def first_page(port: int, key: str) -> list[int]:
    statuses: list[int] = []
    begin = threading.Barrier(len(FIRST_PAGE))

    def get(address: str) -> None:
        visitor = Visitor(port, cookies={"sessionid": key})
        begin.wait()
        statuses.append(visitor.get(address)[0])
        assert visitor.key == key
        visitor.close()

    threads = [threading.Thread(target=get, args=[address]) for address in FIRST_PAGE]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return statuses


@pytest.mark.parametrize("place", ["observe", "process_response"])
@pytest.mark.parametrize("others", [(me,), (note,), (me, note, me)], ids=len)
@pytest.mark.parametrize("first", [me, note])
def test_first_request_that_others_overtake(monkeypatch, first, others, place):
    """Each request has read the session before it got its mark."""
    user = UserFactory()
    key = older_session(user)
    owner = tracking if place == "observe" else site_middleware()
    slow = InFlight(first, holding(key), Stop(monkeypatch, owner, place)).sent()
    for send in others:
        assert send(holding(key)).status_code == 200
    assert slow.finish().status_code == 200
    for _ in range(2):
        assert holding(key).is_signed_in()
    (row,) = TrackedSession.objects.filter(user=user)
    assert (row.session_key, row.end_reason) == (key, "")


def test_first_request_writes_nothing_over_what_others_save(monkeypatch):
    key = older_session(UserFactory())
    slow = InFlight(me, holding(key), Stop(monkeypatch, tracking, "observe")).sent()
    note(holding(key))
    noted = stored(key)["noted"]
    slow.finish()
    assert stored(key)["noted"] == noted


@pytest.mark.parametrize("meanwhile", [sign_out, rotate])
def test_first_request_of_a_session_that_ends_meanwhile(monkeypatch, meanwhile):
    """Plain Django answers this request normally, because it saves nothing."""
    user = UserFactory()
    key = older_session(user)
    slow = InFlight(me, holding(key), Stop(monkeypatch, tracking, "observe")).sent()
    other = holding(key)
    meanwhile(other)
    assert slow.finish().status_code == 200
    assert not holding(key).is_signed_in()
    assert other.is_signed_in() == (meanwhile is rotate)
    living = TrackedSession.objects.filter(user=user, ended_at=None)
    assert [row.session_key for row in living] == ([other.key] if meanwhile is rotate else [])


def stored(key: str) -> SessionBase:
    return import_module(site.SESSION_ENGINE).SessionStore(key)


def site_middleware():
    from django.contrib.sessions.middleware import SessionMiddleware

    return SessionMiddleware
