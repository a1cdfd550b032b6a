"""Database errors, unreachable caches, a corrupt map, and two admins acting together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from django.db import connection, connections

from sessions_admin import engines
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.tracking import throttle
from tests.support.browsing import LIST, Browser, listed
from tests.support.faults import NOWHERE, TABLE

# A refused statement aborts its transaction, so these tests run without an enclosing one.
pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def missing_table() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {TABLE} RENAME TO gone")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE gone RENAME TO {TABLE}")


@contextmanager
def refused_writes() -> Iterator[None]:
    """Make the database raise an error on every row that is written."""
    with connection.cursor() as cursor:
        for statement in _REFUSE[connection.vendor]:
            cursor.execute(statement.format(table=TABLE))
        try:
            yield
        finally:
            for statement in _ALLOW[connection.vendor]:
                cursor.execute(statement.format(table=TABLE))


_REFUSE = {
    "sqlite": [
        f"CREATE TRIGGER refuse_{verb} BEFORE {verb} ON {{table}} "
        "BEGIN SELECT RAISE(ABORT, 'disk is read-only'); END"
        for verb in ("INSERT", "UPDATE")
    ],
    "postgresql": [
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'disk is read-only'; END $$",
        "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse()",
    ],
}
_ALLOW = {
    "sqlite": ["DROP TRIGGER refuse_INSERT", "DROP TRIGGER refuse_UPDATE"],
    "postgresql": ["DROP TRIGGER refuse ON {table}", "DROP FUNCTION refuse()"],
}


@pytest.mark.parametrize("fault", [missing_table, refused_writes])
def test_people_sign_in_go_on_and_sign_out_while_rows_cannot_be_written(
    ana, operator, fault, caplog
):
    before = Browser().sign_in(ana)
    with fault(), caplog.at_level(logging.ERROR, "sessions_admin"):
        during = Browser().sign_in(ana)
        throttle.forget()
        assert during.is_signed_in()
        assert before.is_signed_in()
        assert before.post("/accounts/logout/").status_code == 302
        assert not before.is_signed_in()
    assert "not tracked" in caplog.text
    assert "disk is read-only" in caplog.text or TABLE in caplog.text
    assert during.key not in caplog.text

    # The sign-in was not lost: the session's next request puts it on the list.
    throttle.forget()
    assert during.is_signed_in()
    row = TrackedSession.objects.get(session_key=during.key)
    assert str(row.public_id) in listed(Browser().sign_in(operator))


def test_ending_that_the_database_refuses_is_reported(ana, operator):
    member, admin = Browser().sign_in(ana), Browser().sign_in(operator)
    row = TrackedSession.objects.get(user=ana)
    with refused_writes():
        answer = admin.post(f"{LIST}{row.public_id}/terminate/", follow=True)
    assert "1 session could not be terminated" in answer.content.decode()
    assert member.is_signed_in()
    assert str(row.public_id) in listed(admin)
    admin.post(f"{LIST}{row.public_id}/terminate/")
    assert not member.is_signed_in()


def test_cache_that_is_down_stops_no_sign_in(ana, settings):
    settings.CACHES = {"default": NOWHERE}
    browser = Browser().sign_in(ana)
    assert browser.is_signed_in()
    assert TrackedSession.objects.get(session_key=browser.key).browser == "Chrome"


def test_cache_that_is_full_ends_nothing_and_says_so(ana, operator, settings, redis_url):
    """If the refusal of a session cannot be stored, the session could return: it has not ended."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    settings.CACHES = {"default": NOWHERE | {"LOCATION": redis_url}}
    member, admin = Browser().sign_in(ana), Browser().sign_in(operator)
    server = redis.from_url(redis_url)

    server.config_set("maxmemory", "1")
    try:
        answer = admin.post(f"{LIST}terminate-all/", {"keep_current": "on"}, follow=True)
    finally:
        server.config_set("maxmemory", "0")
    assert "1 session could not be terminated" in answer.content.decode()
    assert member.is_signed_in()

    admin.post(f"{LIST}terminate-all/", {"keep_current": "on"})
    assert not member.is_signed_in()
    assert admin.is_signed_in()
    server.flushdb()


def test_store_that_is_down_is_said_instead_of_an_empty_list(ana, operator, settings, monkeypatch):
    admin = Browser().sign_in(operator)

    def away(*args):
        raise ConnectionError("refused")

    monkeypatch.setattr(engines.database.DatabaseEngine, "load_many", away)
    page = admin.get(LIST).content.decode()
    assert "reach the session store right now" in page


def test_corrupt_map_stops_no_sign_in(ana, settings, tmp_path, caplog):
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"not a database")
    settings.GEOIP_PATH = str(broken)
    Browser(ip="192.0.2.1").sign_in(ana)
    row = TrackedSession.objects.get(user=ana)
    assert row.location == "Unknown location"
    assert "GEOIP_PATH" in caplog.text


def test_one_of_two_admins_who_end_a_session_side_by_side_has_ended_it(ana, operator):
    admins = [Browser().sign_in(operator) for _ in range(2)]
    for _ in range(5):
        Termination.objects.all().delete()
        member = Browser().sign_in(ana)
        row = TrackedSession.objects.get(session_key=member.key)
        start = threading.Barrier(len(admins))

        def end(admin: Browser, row: TrackedSession = row, start: Any = start) -> Any:
            try:
                start.wait(10)
                return admin.post(f"{LIST}{row.public_id}/terminate/")
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(admins)) as pool:
            assert {answer.status_code for answer in pool.map(end, admins)} == {302}
        assert not member.is_signed_in()
        terminations = Termination.objects.all()
        assert sorted(termination.ended for termination in terminations) == [0, 1]
        assert not any(termination.failed for termination in terminations)
        row.refresh_from_db()
        assert row.termination == terminations.get(ended=1)
