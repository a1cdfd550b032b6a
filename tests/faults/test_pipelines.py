"""Statements that are sent without waiting: what happens between sending and reading."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.db import DatabaseError, connection
from psycopg import NotSupportedError
from psycopg.pq import PipelineStatus

from sessions_admin.pipelines import Later, meanwhile, sending
from sessions_admin.views import list_rows
from tests.support.browsing import LIST, Browser, text
from tests.support.factories import MembershipFactory

pytestmark = pytest.mark.django_db

postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no pipelines")


def answer(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


def is_waiting():
    """Whether statements are sent without waiting."""
    raw = connection.connection
    return hasattr(raw, "pgconn") and raw.pgconn.pipeline_status != PipelineStatus.OFF


def test_answers_come_in_any_order_with_other_queries_between():
    with sending(connection) as send:
        first = send("SELECT %s", ["one"])
        assert answer("SELECT 2") == (2,)
        second = send("SELECT 3", ())
        assert (second(), first()) == ((3,), ("one",))
    assert answer("SELECT 4") == (4,)


def test_answers_that_nobody_reads_are_lost():
    with sending(connection) as send:
        send("SELECT 1", ())
    assert answer("SELECT 2") == (2,)


def test_an_error_between_leaves_the_connection_as_it_was():
    with suppress(ZeroDivisionError), sending(connection) as send:
        send("SELECT 1", ())
        raise ZeroDivisionError
    assert not is_waiting()
    assert answer("SELECT 2") == (2,)


@pytest.mark.django_db(transaction=True)
def test_an_error_of_the_database_is_one_of_django():
    with pytest.raises(DatabaseError), sending(connection) as send:
        send("SELECT no_such_column", ())()
    assert not is_waiting()
    assert answer("SELECT 2") == (2,)


def test_statements_that_are_sent_later_are_answered_in_any_order():
    later = Later()
    assert not later
    first, second = later("SELECT %s", ["one"]), later("SELECT 2", (), all_rows=True)
    assert later
    with sending(connection) as send:
        later.release(send)
        assert not later
        assert (second(), first()) == ([(2,)], ("one",))


def test_work_is_done_once_while_the_database_works_on_the_first_statement():
    done = []
    with meanwhile(connection, lambda: done.append(is_waiting())):
        assert not done
        assert answer("SELECT 1") == (1,)
        assert answer("SELECT 2") == (2,)
    assert done == [connection.vendor == "postgresql"]
    assert not is_waiting()


@postgresql
@pytest.mark.django_db(transaction=True)
def test_what_looks_expensive_is_run_plainly():
    how = "SELECT current_setting('jit'), current_setting('max_parallel_workers_per_gather')"
    with sending(connection, plainly=True) as send:
        first, second = (send(how, ()) for _ in range(2))
        assert (first(), second()) == (("off", "0"), ("off", "0"))
    with meanwhile(connection, None, plainly=True):
        assert answer(how) == ("off", "0")
    assert answer(how) == ("on", "2")


@postgresql
@pytest.mark.parametrize("address", [LIST, f"{LIST}?q=owner", f"{LIST}login-records/"])
def test_rows_are_made_while_the_database_counts(acme, monkeypatch, address):
    admin = Browser().sign_in(MembershipFactory(account=acme, role="owner").user)
    seen, of = [], list_rows.Rows.of

    def watched(self, sessions):
        seen.append(is_waiting())
        return of(self, sessions)

    monkeypatch.setattr(list_rows.Rows, "of", watched)
    assert admin.get(address).status_code == 200
    assert seen == [True]
    assert not is_waiting()


@postgresql
def test_an_old_library_waits_for_each_answer(acme, monkeypatch):
    admin = Browser().sign_in(MembershipFactory(account=acme, role="owner").user)

    def fail(self):
        raise NotSupportedError("pipelines need libpq 14")

    monkeypatch.setattr(type(connection.connection), "pipeline", fail)
    with sending(connection) as send:
        assert send("SELECT 1", ())() == (1,)
    assert "1 active session" in text(admin.get(LIST))
