"""An unreadable store entry counts as one ended session and does not affect the others."""

from __future__ import annotations

import pickle
import types
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings as site
from django.contrib.sessions.models import Session
from django.core.cache import cache, caches
from django.core.exceptions import ImproperlyConfigured

from sessions_admin import engines, liveness
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.termination import terminate
from tests.hosts import other_engine
from tests.support.browsing import LIST, Browser, listed
from tests.support.engines import use_engine
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def renamed_class() -> bytes:
    """Return pickled data of a class that no longer exists, as after it was renamed."""
    module = types.ModuleType("host_of_old")
    old = type("Basket", (), {"__module__": "host_of_old"})
    module.Basket = old
    import sys

    sys.modules["host_of_old"] = module
    try:
        return pickle.dumps({"basket": old()})
    finally:
        del sys.modules["host_of_old"]


BROKEN = {
    "renamed class": renamed_class(),
    "garbage": b"\x80garbage",
    "nothing": b"",
    "another type": pickle.dumps(["a", "list"]),
    "text": pickle.dumps("a text"),
}


def put(key: str, raw: bytes) -> None:
    """Write these bytes as the session's entry in the store."""
    engine = site.SESSION_ENGINE.rpartition(".")[2]
    if engine in {"cache", "cached_db"}:
        store = import_module(site.SESSION_ENGINE).SessionStore
        name = cache.make_key(store.cache_key_prefix + key)
        if hasattr(cache, "_expire_info"):
            cache._cache[name] = raw
        else:
            cache._cache.get_client(write=True).set(name, raw)
    if engine in {"db", "cached_db"}:
        Session.objects.filter(pk=key).update(session_data=raw.decode("latin-1").replace("\0", ""))
    if engine == "file":
        (Path(site.SESSION_FILE_PATH) / (site.SESSION_COOKIE_NAME + key)).write_bytes(raw)


@pytest.fixture
def ana():
    return MembershipFactory(user__name="Ana Novak").user


@pytest.fixture
def admin(engine):
    return Browser().sign_in(UserFactory(is_superuser=True))


@pytest.mark.every_engine
@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_the_others_are_listed_and_ended(admin, ana, raw, caplog):
    browsers = [Browser().sign_in(ana) for _ in range(3)]
    broken, *others = browsers
    rows = {b.key: str(TrackedSession.objects.get(session_key=b.key).public_id) for b in browsers}
    put(broken.key, raw)

    shown = set(listed(admin))
    assert {rows[b.key] for b in others} <= shown
    assert rows[broken.key] not in shown
    # Plain Django also fails on a request whose entry holds no session data.
    broken.raise_request_exception = False
    assert broken.get("/api/mobile/me/").status_code in {401, 500}
    broken_key = next(key for key in rows if key not in {b.key for b in others})
    assert broken_key not in caplog.text

    keys = [b.key for b in others]
    termination = terminate(TrackedSession.objects.filter(user=ana), actor=ana, scope="All")
    assert (termination.requested, termination.failed) == (3, 0)
    assert not any(browser.is_signed_in() for browser in others)
    assert TrackedSession.objects.filter(user=ana, ended_at=None).count() == 0
    assert engines.current().load_many([broken_key, *keys]) == {}


@pytest.mark.parametrize("raw", [BROKEN["garbage"], BROKEN["another type"]])
def test_it_is_named_in_the_log_by_its_public_id(settings, request, ana, caplog, raw):
    use_engine("cache-redis", settings, request)
    browser = Browser().sign_in(ana)
    row = TrackedSession.objects.get(session_key=browser.key)
    put(browser.key, raw)
    assert liveness.verdicts([row]) == {row: TrackedSession.EndReason.LOST}
    assert str(row.public_id) in caplog.text
    assert browser.key not in caplog.text


def test_cached_copy_that_cannot_be_read_is_read_from_the_database(settings, request, ana):
    use_engine("cached_db-redis", settings, request)
    browser, admin = Browser().sign_in(ana), Browser().sign_in(UserFactory(is_superuser=True))
    store = import_module(site.SESSION_ENGINE).SessionStore
    client = cache._cache.get_client(write=True)
    client.set(cache.make_key(store.cache_key_prefix + browser.key), b"garbage")
    row = TrackedSession.objects.get(session_key=browser.key)
    assert str(row.public_id) in listed(admin)
    assert browser.is_signed_in()


def test_store_that_is_away_says_so(settings, ana):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    row = TrackedSession(session_key="k" * 32, user=ana)
    with pytest.raises(liveness.StoreUnavailableError):
        liveness.signed_in([row])


class TestOthersStore:
    """A third-party store whose ``load`` raises for one key."""

    @pytest.fixture(autouse=True)
    def other(self, settings):
        settings.SESSION_ENGINE = "tests.hosts.other_engine"

    def test_raises_for_one_key(self, ana):
        browsers = [Browser().sign_in(ana) for _ in range(3)]
        admin = Browser().sign_in(UserFactory(is_superuser=True))
        caches["default"].set(other_engine.PREFIX + browsers[0].key, "no json")
        shown = set(listed(admin))
        rows = TrackedSession.objects.filter(user=ana)
        assert {str(r.public_id) for r in rows.exclude(session_key=browsers[0].key)} <= shown
        admin.post(f"{LIST}terminate-all/?user={ana.pk}")
        termination = Termination.objects.get()
        assert (termination.ended, termination.already_gone, termination.failed) == (2, 1, 0)

    def test_raises_for_every_key(self, ana, monkeypatch):
        def away(*args):
            raise ImproperlyConfigured("no such store")

        monkeypatch.setattr(other_engine.SessionStore, "load", away)
        monkeypatch.setattr(other_engine.SessionStore, "exists", away)
        with pytest.raises(liveness.StoreUnavailableError):
            liveness.signed_in([TrackedSession(session_key="k" * 32, user=ana)])


def test_key_of_another_engine_is_one_that_the_files_do_not_have(settings, request, ana, tmp_path):
    """Rows from before the project changed its engine have keys that no file can have."""
    use_engine("file", settings, request)
    browser = Browser().sign_in(ana)
    old = TrackedSession.objects.get(session_key=browser.key)
    other = Browser().sign_in(ana)
    TrackedSession.objects.filter(pk=old.pk).update(session_key="Other:Key-1")
    rows = list(TrackedSession.objects.filter(user=ana).select_related("user"))
    assert [row.session_key for row in liveness.signed_in(rows)] == [other.key]
    termination = terminate(TrackedSession.objects.filter(user=ana), actor=ana, scope="All")
    assert (termination.ended, termination.already_gone, termination.failed) == (1, 1, 0)
