"""PostgreSQL crashes under load."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import environ
import psycopg
import pytest
from django.contrib.auth.hashers import make_password

from sessions_admin.models import Termination
from sessions_admin.project import environment
from tests.support import servers
from tests.support.browsing import LIST
from tests.support.factories import PASSWORD
from tests.support.faults import TABLE
from tests.support.servers import PATIENCE
from tests.support.storm import Visitor, start_site

# A refused statement aborts its transaction, so these tests run without an enclosing one.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
PEOPLE = 8
SEED = f"""
from accounts.models import User
for n in range({PEOPLE}):
    User.objects.create(email=f"p{{n}}@example.com", password=%r)
User.objects.create(email="boss@example.com", password=%r, is_superuser=True)
"""


@pytest.fixture
def database() -> Iterator[servers.PostgreSQL]:
    """A separate PostgreSQL with the site's tables and people."""
    server = servers.start_own_postgresql()
    seed = SEED.replace("%r", repr(make_password(PASSWORD)))
    site = {"DATABASE_URL": server.url, "DEBUG": "1", "DATABASE_POOL_SIZE": "0"}
    for command in (("migrate", "-v0"), ("shell", "-v0", "-c", seed)):
        done = servers.manage(*command, **site)
        assert done.returncode == 0, done.stderr
    yield server
    server.stop()


class Visits(threading.Thread):
    """Sends requests with one session repeatedly, and keeps every answer."""

    def __init__(self, visitor: Visitor) -> None:
        super().__init__(daemon=True)
        self.visitor = visitor
        self.answers: list[tuple[int, str]] = []
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.is_set():
            self.answers.append(self.visitor.get("/api/mobile/me/"))

    def wait_for(self, status: int) -> None:
        deadline, seen = time.monotonic() + PATIENCE, len(self.answers)
        while status not in {each for each, _ in self.answers[seen:]}:
            assert time.monotonic() < deadline, self.answers[-1:]
            time.sleep(0.02)

    def leave(self) -> None:
        self._is_over.set()
        self.join(PATIENCE)
        assert not self.is_alive()


def test_postgresql_that_crashes_under_load_loses_nothing_and_ends_nothing_by_half(database):
    settings = environ.Env.db_url_config(database.url) | {"CONN_HEALTH_CHECKS": True}
    settings["OPTIONS"] |= {"pool": environment._pool()["pool"] | {"timeout": 1}}
    port, stop = start_site(
        workers=2,
        DATABASES={"default": settings},
        DEBUG=False,
    )
    try:
        people = {n: visitor_of(port, f"p{n}@example.com") for n in range(PEOPLE)}
        admin = visitor_of(port, "boss@example.com")
        rows = {n: public_id for n, public_id, _ in rows_of(database)}
        crowd = [Visits(people[n]) for n in (0, 1)]
        for visits in crowd:
            visits.start()
        assert terminate_on_the_page(admin, rows[2]) == 302

        crash = threading.Timer(0.05, database.crash)
        crash.start()
        during = [terminate_on_the_page(admin, rows[n]) for n in (3, 4, 5)]
        crash.join()
        crowd[0].wait_for(500)
        during.append(terminate_on_the_page(admin, rows[5]))
        assert set(during) <= {302, 503}
        assert during[-1] == 503
        database.start()

        # The site is not restarted: its pools reconnect by themselves.
        for visits in crowd:
            visits.wait_for(200)
            visits.leave()
            answers = dict(visits.answers)
            assert set(answers) == {200, 500}
            assert "Try again in a moment" in answers[500]
            assert "Traceback" not in answers[500]
        open_ones = {n for n, _, ended_at in rows_of(database) if ended_at is None}
        assert {n for n in people if people[n].is_signed_in()} == open_ones
        assert {0, 1, 6, 7} <= open_ones
        assert 2 not in open_ones
        assert counted(database) == PEOPLE - len(open_ones)

        for n in open_ones:
            assert terminate_on_the_page(admin, rows[n]) == 302
        assert not any(visitor.is_signed_in() for visitor in people.values())
        assert counted(database) == PEOPLE
    finally:
        stop()


def visitor_of(port: int, email: str) -> Visitor:
    return Visitor(port, headers={"Connection": "close"}).sign_in(email, PASSWORD)


def terminate_on_the_page(admin: Visitor, row: str) -> int:
    if "csrftoken" not in admin.cookies:
        assert admin.get(f"{LIST}{row}/terminate/")[0] == 200
    status, _ = admin.send("POST", f"{LIST}{row}/terminate/")
    return status


def rows_of(database: servers.PostgreSQL) -> list[tuple[int, str, Any]]:
    """Return each member's number, and the id and end of their row."""
    found = _ask(
        database,
        f"SELECT u.email, t.public_id, t.ended_at FROM {TABLE} t "
        "JOIN accounts_user u ON u.id = t.user_id WHERE NOT u.is_superuser",
    )
    return [(int(email[1]), str(public_id), ended_at) for email, public_id, ended_at in found]


def counted(database: servers.PostgreSQL) -> int:
    """Return the number of ended sessions in the termination log."""
    return _ask(database, f"SELECT sum(ended) FROM {Termination._meta.db_table}")[0][0]


def _ask(database: servers.PostgreSQL, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.url) as asked:
        return asked.execute(statement).fetchall()
