"""Bulk operations of each engine, and third-party engines, whose answers are trusted."""

from __future__ import annotations

import sys
from datetime import timedelta
from importlib import import_module
from io import StringIO
from types import ModuleType

import pytest
from django.conf import settings as site
from django.contrib.sessions.backends import cache, cached_db, db, file
from django.contrib.sessions.models import Session
from django.core.cache import cache as default_cache
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_admin import engines
from sessions_admin.models import TrackedSession
from sessions_admin.termination import terminate
from tests.hosts import other_engine
from tests.support.browsing import Browser, listed
from tests.support.engines import use_engine
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def stored(**data):
    session = import_module(site.SESSION_ENGINE).SessionStore()
    session.update(data)
    session.create()
    return session.session_key


def test_loads_what_a_request_would_find(engine):
    one, two = stored(n=1), stored(n=2)
    found = engines.current().load_many([one, two, "k" * 32])
    assert {key: data["n"] for key, data in found.items()} == {one: 1, two: 2}


def test_expired_sessions_are_not_found_and_not_touched(engine):
    session = import_module(site.SESSION_ENGINE).SessionStore()
    session["n"] = 1
    session.set_expiry(-1)
    session.create()
    assert engines.current().load_many([session.session_key]) == {}


def test_deletes_many_and_leaves_the_others(engine):
    one, two, three = stored(n=1), stored(n=2), stored(n=3)
    engines.current().delete_many([one, two, "k" * 32])
    assert set(engines.current().load_many([one, two, three])) == {three}


def test_many_keys_cost_one_statement(django_assert_num_queries):
    keys = [stored(n=n) for n in range(20)]
    with django_assert_num_queries(1):
        assert len(engines.current().load_many(keys)) == 20


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        (db.SessionStore, engines.database.DatabaseEngine),
        (cached_db.SessionStore, engines.cache.CachedDatabaseEngine),
        (cache.SessionStore, engines.cache.CacheEngine),
        (file.SessionStore, engines.file.FileEngine),
    ],
)
def test_store_that_loads_in_its_own_way_is_asked_one_by_one(monkeypatch, settings, base, expected):
    class Renamed(base):
        pass

    class Own(base):
        def load(self):
            return super().load()

    for store, kind in ((Renamed, expected), (Own, engines.Engine)):
        module = ModuleType(f"store_of_{store.__name__}_{expected.__name__}".lower())
        module.SessionStore = store
        monkeypatch.setitem(sys.modules, module.__name__, module)
        settings.SESSION_ENGINE = module.__name__
        assert type(engines.current()) is kind


def test_sweep_forgets_refusals_that_nothing_outlives(settings, request, tmp_path):
    use_engine("file", settings, request)
    store = engines.current()
    store.refuse(["old" * 8, "new" * 8])
    old = store._refused_file("old" * 8)
    old.write_text("1000000000", encoding="ascii")
    call_command("sweep_sessions", stdout=StringIO(), stderr=StringIO())
    assert not store.is_refused("old" * 8)
    assert store.is_refused("new" * 8)


class TestThirdPartyEngine:
    @pytest.fixture(autouse=True)
    def other(self, settings):
        settings.SESSION_ENGINE = "tests.hosts.other_engine"

    def test_logins_are_listed_and_end(self):
        ana = MembershipFactory(user__name="Ana Novak").user
        operator = UserFactory(is_superuser=True)
        phone, laptop = Browser().sign_in(ana), Browser().sign_in(ana)
        admin = Browser().sign_in(operator)
        rows = TrackedSession.objects.filter(user=ana)
        assert {str(row.public_id) for row in rows} <= set(listed(admin))

        copy = default_cache.get(other_engine.PREFIX + phone.key)
        termination = terminate(rows.filter(session_key=phone.key), actor=operator, scope="One")
        assert termination.ended == 1
        key = phone.key
        assert not phone.is_signed_in()
        assert laptop.is_signed_in()

        default_cache.set(other_engine.PREFIX + key, copy)
        phone.cookies["sessionid"] = key
        assert not phone.is_signed_in()

    def test_ordinary_request_asks_the_database_for_the_user_only(self, django_assert_num_queries):
        browser = Browser().sign_in(UserFactory())
        with django_assert_num_queries(1):
            assert browser.get("/api/mobile/me/").status_code == 200


@pytest.mark.parametrize("name", ["cached_db-redis", "cache-redis", "file"])
def test_ordinary_request_on_engines_with_refusals(name, settings, request):
    """The user's query and none for the session: no more than plain Django."""
    use_engine(name, settings, request)
    browser = Browser().sign_in(UserFactory())
    with CaptureQueriesContext(connection) as captured:
        assert browser.get("/api/mobile/me/").status_code == 200
    assert len(captured) == 1


@pytest.mark.parametrize("name", ["cached_db-redis", "cache-redis"])
def test_ordinary_request_asks_the_cache_as_often_as_plain_django(name, settings, request):
    """One read returns both the session and its refusal, if any."""
    use_engine(name, settings, request)
    browser = Browser().sign_in(UserFactory())

    def commands():
        assert browser.get("/api/mobile/me/").status_code == 200  # Opens the connection.
        redis = default_cache._cache.get_client()
        redis.config_resetstat()
        assert browser.get("/api/mobile/me/").status_code == 200
        said = redis.info("commandstats")
        return sum(each["calls"] for each in said.values()) - 1  # The reset itself.

    tracked = commands()
    ours = "sessions_admin.middleware.TrackedSessionMiddleware"
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if path != ours]
    assert tracked == commands() == 1


@pytest.mark.parametrize("name", ["cached_db-redis", "cache-redis"])
@pytest.mark.parametrize("address", ["/racing/async/", "/racing/note/"])
@pytest.mark.parametrize("saves_always", [False, True])
def test_copy_that_came_back_is_nobodys(name, address, saves_always, settings, request):
    settings.ROOT_URLCONF = "tests.support.racing_urls"
    settings.SESSION_SAVE_EVERY_REQUEST = saves_always
    use_engine(name, settings, request)
    browser = Browser().sign_in(UserFactory())
    key = browser.key
    assert browser.get(address).status_code == 200
    stored = import_module(site.SESSION_ENGINE).KEY_PREFIX + key
    copy = default_cache.get(stored)
    terminate(TrackedSession.objects.all(), actor=UserFactory(), scope="All")
    default_cache.set(stored, copy)
    browser.cookies["sessionid"] = key
    assert browser.get(address).status_code == 401
    assert default_cache.get(stored) is None


@pytest.mark.parametrize("name", ["cached_db-redis", "cache-redis"])
def test_cache_that_answers_for_one_key_at_a_time_refuses_too(
    name, settings, request, monkeypatch, caplog
):
    """A Redis cluster refuses multi-key commands on keys in different slots."""
    use_engine(name, settings, request)
    browser = Browser().sign_in(UserFactory())
    key = browser.key
    stored = import_module(site.SESSION_ENGINE).KEY_PREFIX + key
    copy = default_cache.get(stored)

    def several(*args, **kwargs):
        raise OSError("CROSSSLOT Keys in request don't hash to the same slot")

    terminate(TrackedSession.objects.all(), actor=UserFactory(), scope="All")
    default_cache.set(stored, copy)
    other = Browser().sign_in(UserFactory())
    monkeypatch.setattr(type(default_cache._connections[default_cache._alias]), "get_many", several)
    browser.cookies["sessionid"] = key
    assert not browser.is_signed_in()
    assert other.is_signed_in()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("name", ["db", "cached_db-redis"])
def test_deletion_leaves_nothing_of_those_that_had_expired_either(name, settings, request):
    use_engine(name, settings, request)
    living, expired = stored(a=1), stored(a=2)
    yesterday = timezone.now() - timedelta(days=1)
    Session.objects.filter(pk=expired).update(expire_date=yesterday)
    deleted = engines.current().delete_many([living, expired, "k" * 32])
    assert deleted == (1 if engines.current().counts_deleted else None)
    assert not Session.objects.filter(pk__in=[living, expired]).exists()
