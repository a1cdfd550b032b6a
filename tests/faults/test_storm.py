"""Terminated sessions stay terminated under load: several processes, every engine, over HTTP.

In each round somebody signs in, many requests read, change, save and rotate that session in several
processes in parallel, and an admin terminates it on the page. Afterwards every key that any answer
handed out is tried. ``STORM_ROUNDS=300`` makes it longer, and ``pytest --log-cli-level=INFO`` shows
its figures.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from dataclasses import dataclass, field

import pytest
from django.db import connection

from benchmarks import load
from sessions_admin.models import TrackedSession
from tests.support.browsing import LIST
from tests.support.factories import PASSWORD, MembershipFactory, UserFactory
from tests.support.storm import Visitor, start_site

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("engine"),
    pytest.mark.every_engine,
]

logger = logging.getLogger(__name__)

WORKERS = 3
CROWD = 4
# SQLite has a single writer, so fewer requests can run in parallel.
ROUNDS = int(os.environ.get("STORM_ROUNDS", "0")) or (10 if connection.vendor == "sqlite" else 20)
ADDRESSES = ["/api/mobile/me/", "/racing/note/", "/racing/note/", "/racing/rotate/"]


@dataclass
class Tally:
    """The figures of one storm."""

    requests: int = 0
    keys: int = 0
    rounds_with_rotations: int = 0
    served_late: int = 0
    came_back: int = 0
    still_listed: int = 0
    not_ended: list[str] = field(default_factory=list)


@pytest.fixture
def site(engine, settings):
    """Start the site with `WORKERS` processes on the test's engine. Return its port."""
    settings.ROOT_URLCONF = "tests.support.racing_urls"
    port, stop = start_site(workers=WORKERS)
    yield port
    stop()


def test_nothing_comes_back_in_a_storm(site, engine):
    person = MembershipFactory(user__name="Ana Novak").user
    admin = Visitor(site).sign_in(UserFactory(is_superuser=True).email, PASSWORD)
    luck = random.Random(engine)
    tally = Tally()
    for _ in range(ROUNDS):
        blow(site, admin, person, luck, tally)
    admin.close()

    logger.info("%s on %s, %d rounds: %s", engine, connection.vendor, ROUNDS, tally)
    assert (tally.came_back, tally.served_late, tally.still_listed) == (0, 0, 0)
    assert not tally.not_ended
    assert tally.rounds_with_rotations


def blow(site, admin, person, luck, tally):
    """Play one round."""
    visitor = Visitor(site).sign_in(person.email, PASSWORD)
    row = str(TrackedSession.objects.get(session_key=visitor.key).public_id)
    crowd = [Guest(site, visitor.key, luck.random()) for _ in range(CROWD)]
    for guest in crowd:
        guest.start()
    time.sleep(luck.uniform(0.01, 0.12))
    answered = terminate(admin, row)
    for guest in crowd:
        guest.leave(answered)
    keys = {visitor.key, *(key for guest in crowd for key in guest.visitor.keys)}
    _count(tally, site, admin, row, keys, crowd)
    visitor.close()


def terminate(admin: Visitor, row: str) -> float:
    """Terminate the session on the page; return the time of the answer."""
    status, text = admin.get(f"{LIST}{row}/terminate/")
    assert status in {200, 302}, text
    status, text = admin.send("POST", f"{LIST}{row}/terminate/")
    assert status == 302, text
    return time.monotonic()


class Guest(threading.Thread):
    """Sends requests with the newest key it was given, until the cookie is gone or it leaves."""

    def __init__(self, site: int, key: str, seed: float) -> None:
        super().__init__(daemon=True)
        self.visitor = Visitor(site, cookies={"sessionid": key})
        self.served: list[float] = []
        self.requests = 0
        self._luck = random.Random(seed)
        self._ended = threading.Event()

    def run(self) -> None:
        while True:
            last = self._ended.is_set()
            began = time.monotonic()
            status, _ = self.visitor.get(self._luck.choice(ADDRESSES))
            self.requests += 1
            if status == 200:
                self.served.append(began)
            if last or not self.visitor.key:
                return

    def leave(self, answered: float) -> None:
        """Stop after one more request, and keep the answers that began after the termination's."""
        self._ended.set()
        self.join(30)
        assert not self.is_alive()
        self.visitor.close()
        self.served = [began for began in self.served if began > answered]


def _count(tally, site, admin, row, keys, crowd):
    tally.requests += sum(guest.requests for guest in crowd)
    tally.keys += len(keys)
    tally.rounds_with_rotations += len(keys) > 1
    tally.served_late += sum(len(guest.served) for guest in crowd)
    for _ in range(2):
        probe = Visitor(site)
        tally.came_back += sum(probe.with_key(key).is_signed_in() for key in keys)
        probe.close()
    tally.still_listed += row in admin.get(LIST)[1]
    ended = TrackedSession.objects.get(public_id=row)
    if ended.ended_at is None or ended.session_key is not None:
        tally.not_ended.append(row)


@pytest.mark.parametrize("engine", ["cached_db-redis"], indirect=True)
def test_crowd_and_admins_leave_a_true_list(engine, site):
    """A short version of `make load`."""
    load.populate()
    found = load.storm(site, people=6, seconds=5)
    logger.info("%s", found)
    assert found["problems"] == []
    assert found["answers"]["sign-in"] > 1
