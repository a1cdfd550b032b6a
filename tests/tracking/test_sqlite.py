"""SQLite with the options of a new project: several threads read and write at the same time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction

from sessions_admin import ending, transactions
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import throttle
from tests.support.browsing import Browser
from tests.support.factories import UserFactory
from tests.support.servers import PATIENCE

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases lock rows"),
]

THREADS = 4


def side_by_side(acts: list[Callable[[], object]]) -> list[BaseException]:
    """Run these at the same time, each in a thread of its own; return the errors."""
    start, errors = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            # The site begins all transactions for writing; a new project does not.
            connection.transaction_mode = None
            start.wait(PATIENCE)
            act()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return errors


@pytest.fixture
def slow_reads(monkeypatch):
    """Give other threads time to write between the reading of a row and its writing."""
    original = TrackedSession.is_from

    def is_from(self, client):
        time.sleep(0.05)
        return original(self, client)

    monkeypatch.setattr(TrackedSession, "is_from", is_from)


def test_sessions_that_move_at_the_same_time(slow_reads, caplog):
    browsers = [Browser().sign_in(UserFactory()) for _ in range(THREADS)]
    throttle.forget()

    def move(browser: Browser) -> None:
        assert browser.get("/api/mobile/me/", REMOTE_ADDR="192.168.7.7").status_code == 200

    with caplog.at_level(logging.WARNING, "sessions_admin"):
        errors = side_by_side([lambda browser=each: move(browser) for each in browsers])
    assert errors == []
    assert [record.getMessage() for record in caplog.records] == []
    for row in TrackedSession.objects.all():
        assert row.now.ip_address == "192.168.7.7"


def test_sessions_that_are_ended_at_the_same_time(monkeypatch):
    for _ in range(THREADS):
        Browser().sign_in(UserFactory())
    original = ending._end_in_store

    def end_in_store(claimed):
        time.sleep(0.05)
        return original(claimed)

    monkeypatch.setattr(ending, "_end_in_store", end_in_store)
    pks = list(TrackedSession.objects.values_list("pk", flat=True))
    terminated = TrackedSession.EndReason.TERMINATED
    errors = side_by_side(
        [lambda pk=pk: ending.end_by_pk([pk], reason=terminated) for pk in pks],
    )
    assert errors == []
    assert not TrackedSession.objects.filter(ended_at=None).exists()


def test_the_mode_of_the_project_stays():
    connection.ensure_connection()
    before = connection.transaction_mode
    connection.transaction_mode = "DEFERRED"
    try:
        with transactions.writing(), transaction.atomic():
            pass
        assert connection.transaction_mode == "DEFERRED"
        with pytest.raises(ZeroDivisionError), transactions.writing():
            raise ZeroDivisionError
        assert connection.transaction_mode == "DEFERRED"
    finally:
        connection.transaction_mode = before
