"""Sessions saved, read or cached late, or held by another process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from importlib import import_module

import pytest
from django.conf import settings as site

from tests.support.browsing import Browser
from tests.support.factories import PASSWORD
from tests.support.servers import PATIENCE
from tests.support.storm import Visitor, start_site
from tests.termination.races.in_flight import InFlight, assert_ended, me, note, terminate

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("engine"),
    pytest.mark.every_engine,
]


def test_cache_filled_late(engine, admin, member, stop):
    """cached_db: the reader has the database row when the session is terminated."""
    if not engine.startswith("cached_db"):
        pytest.skip("only cached_db fills its cache when it reads")
    browser = Browser().sign_in(member)
    store = import_module(site.SESSION_ENGINE).SessionStore(browser.key)
    store._cache.delete(store.cache_key)
    reader = InFlight(me, browser, stop("writing")).sent()
    terminate(admin, member)
    reader.finish()

    assert_ended(admin, member, [browser.key, *reader.keys])


@pytest.mark.parametrize("place", ["before saving", "inside save"])
@pytest.mark.parametrize("every_request", [False, True], ids=["changed", "save-every-request"])
def test_session_saved_late(admin, member, stop, settings, place, every_request):
    settings.SESSION_SAVE_EVERY_REQUEST = every_request
    browser = Browser().sign_in(member)
    saving = InFlight(me if every_request else note, browser, stop(place)).sent()
    terminate(admin, member)
    saving.finish()

    assert_ended(admin, member, [browser.key, *saving.keys])


def test_session_read_after_the_answer(admin, member, stop):
    """The request passes the middleware before the termination and reads its session after it."""
    browser = Browser().sign_in(member)
    reader = InFlight(me, browser, stop("before reading")).sent()
    terminate(admin, member)

    assert reader.finish().status_code == 401
    assert_ended(admin, member, [browser.key])


@pytest.fixture
def elsewhere(racing_views) -> Iterator[Visitor]:
    """A visitor of the same site in another process, over HTTP."""
    port, stop_site = start_site(workers=1)
    visitor = Visitor(port)
    yield visitor
    visitor.close()
    stop_site()


@pytest.mark.parametrize("action", ["note", "rotate"])
def test_session_held_by_another_process(admin, member, elsewhere, tmp_path, action):
    """The other process has served the session before, and reads it for a request in flight."""
    visitor = elsewhere.sign_in(member.email, PASSWORD)
    late = Visitor(elsewhere.port, cookies=dict(visitor.cookies))
    assert late.is_signed_in()
    sending = threading.Thread(target=late.get, args=[f"/racing/held/{action}/?at={tmp_path}"])
    sending.start()
    while not (tmp_path / "held").exists():
        time.sleep(0.01)
    terminate(admin, member)
    keys = [visitor.key]
    assert not Visitor(elsewhere.port).with_key(keys[0]).is_signed_in()
    (tmp_path / "go").touch()
    sending.join(PATIENCE)
    assert not sending.is_alive()

    keys += late.keys
    assert [key for key in keys if Visitor(elsewhere.port).with_key(key).is_signed_in()] == []
    assert_ended(admin, member, keys)
    assert [key for key in keys if Visitor(elsewhere.port).with_key(key).is_signed_in()] == []
