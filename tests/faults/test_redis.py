"""Redis stops, loses its data, or returns with old data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.contrib.sessions.backends import cached_db

from sessions_admin import conf
from sessions_admin.models import TrackedSession
from sessions_admin.termination import immediate
from sessions_admin.tracking import throttle
from tests.support import servers
from tests.support.browsing import LIST, Browser, listed
from tests.support.faults import NOWHERE, later, list_is_the_truth

# A refused statement aborts its transaction, so these tests run without an enclosing one.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def own_redis() -> Iterator[servers.Redis]:
    server = servers.Redis()
    yield server
    server.stop()


@pytest.fixture(params=["cached_db", "cache"])
def on_redis(request, own_redis, settings) -> str:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    settings.CACHES = {"default": NOWHERE | {"LOCATION": own_redis.url}}
    throttle.forget()
    return request.param


def test_redis_that_stops_and_forgets_brings_nobody_back(ana, operator, own_redis, on_redis):
    member, ended = Browser("member").sign_in(ana), Browser("ended").sign_in(ana)
    admin = Browser().sign_in(operator)
    copy = ended.key
    admin.post(f"{LIST}{TrackedSession.objects.get(user_agent='ended').public_id}/terminate/")

    own_redis.crash()
    admin.raise_request_exception = False
    kept = admin.key, member.key
    answer = admin.get(LIST)
    if on_redis == "cached_db":
        # The sessions are in the database, and the ended one is not.
        assert answer.status_code == 200
        ended.cookies["sessionid"] = copy
        assert not ended.is_signed_in()
    else:
        # Django treats a cache that does not answer as one without the session.
        assert answer.status_code == 302
    assert "Traceback" not in answer.content.decode()

    own_redis.start()
    ended.cookies["sessionid"] = copy
    admin.cookies["sessionid"], member.cookies["sessionid"] = kept
    assert not ended.is_signed_in()
    # With the cache alone, all sessions are lost; with the database as well, none.
    assert admin.is_signed_in() == member.is_signed_in() == (on_redis == "cached_db")
    list_is_the_truth(Browser().sign_in(operator), member, ended)
    assert Browser().sign_in(ana).is_signed_in()


def test_termination_while_redis_is_away_says_that_it_did_not_end(
    ana, operator, own_redis, on_redis
):
    member = Browser("member").sign_in(ana)
    row = TrackedSession.objects.get(user=ana)
    own_redis.crash()
    rows = TrackedSession.objects.filter(pk=row.pk)
    termination = immediate.terminate(rows, actor=operator, scope="One")
    assert (termination.ended, termination.failed) == (0, 1)
    assert rows.filter(ended_at=None).exists()
    own_redis.start()
    if on_redis == "cached_db":
        assert member.is_signed_in()
        assert immediate.terminate(rows, actor=operator, scope="One").ended == 1
    assert not member.is_signed_in()


@pytest.mark.parametrize("on_redis", ["cached_db", "cache"], indirect=True)
def test_redis_that_comes_back_from_an_old_snapshot_is_corrected_within_an_interval(
    ana, operator, own_redis, on_redis
):
    """Known gap: a snapshot from before the termination has the session and not its refusal."""
    member, admin = Browser("member").sign_in(ana), Browser().sign_in(operator)
    copy = member.key
    row = TrackedSession.objects.get(user_agent="member")
    redis.from_url(own_redis.url).save()
    admin.post(f"{LIST}{row.public_id}/terminate/")
    own_redis.crash()
    own_redis.start()

    member.cookies["sessionid"] = copy
    assert str(row.public_id) not in listed(Browser().sign_in(operator))
    with later(seconds=conf.current().activity_interval + 1):
        member.is_signed_in()
        assert not member.is_signed_in()
    member.cookies["sessionid"] = copy
    assert not member.is_signed_in()


def test_late_copy_after_a_flush_is_corrected_within_an_interval(
    ana, operator, own_redis, settings, monkeypatch
):
    """Known gap: a reader loads the row before the termination, and fills the flushed cache."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    settings.CACHES = {"default": NOWHERE | {"LOCATION": own_redis.url}}
    member, admin = Browser("member").sign_in(ana), Browser().sign_in(operator)
    copy = member.key
    row = TrackedSession.objects.get(user_agent="member")
    server = redis.from_url(own_redis.url)
    server.flushdb()
    admin.is_signed_in()
    read = cached_db.SessionStore._get_session_from_db

    def read_and_wait(store: Any) -> Any:
        found = read(store)
        if store.session_key == copy:
            monkeypatch.undo()
            settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
            admin.post(f"{LIST}{row.public_id}/terminate/")
            server.flushdb()
        return found

    monkeypatch.setattr(cached_db.SessionStore, "_get_session_from_db", read_and_wait)
    member.is_signed_in()
    assert TrackedSession.objects.get(pk=row.pk).end_reason == "terminated"
    member.cookies["sessionid"] = copy
    assert str(row.public_id) not in listed(admin)
    with later(seconds=conf.current().activity_interval + 1):
        member.is_signed_in()
        assert not member.is_signed_in()
    member.cookies["sessionid"] = copy
    assert not member.is_signed_in()
