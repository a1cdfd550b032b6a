"""A crowd signs in and looks around in several processes while admins search and terminate.

`make load` (or `python -m benchmarks.load --seconds 60`) serves the site over HTTP on private
servers, PostgreSQL and Redis, and afterwards tries every session that anybody was ever given: what
the page lists has to be exactly what is signed in, no answer may have been an error, and each
sign-in has to have its row. Exits with 1 if it finds a problem.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import servers, system_postgresql
from tests.support.storm import VARIABLE, Visitor

ROOT = Path(__file__).resolve().parent.parent
LIST = "/account-management/advanced-security/active-user-sessions/"
PASSWORD = "password"
PEOPLE = 400
ACCOUNTS = 12
ENDED_BY = re.compile(r"/active-user-sessions/([0-9a-f-]{36})/terminate/")
OLDER = re.compile(r'href="([^"]*after=[^"]*)" rel="next"')


@dataclass
class Ledger:
    """Collects, over all threads, the session keys handed out and the answers to requests."""

    keys: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what: str, status: int, seconds: float, text: str) -> None:
        with self.lock:
            self.answers[what] += 1
            self.slowest[what] = max(self.slowest.get(what, 0), seconds)
            if status >= 500 or status in {400, 403, 405}:
                self.errors.append(f"{what}: {status} {text[:200]}")

    def keep(self, keys: list[str]) -> None:
        with self.lock:
            self.keys.update(keys)


class Actor(threading.Thread):
    """One visitor of the site, active until ``until`` is set."""

    def __init__(self, port: int, ledger: Ledger, seed: int, until: threading.Event) -> None:
        super().__init__(daemon=True)
        self.visitor = Visitor(port)
        self.ledger = ledger
        self.luck = random.Random(seed)
        self.until = until

    def run(self) -> None:
        try:
            while not self.until.is_set():
                self.act()
        except Exception as error:
            self.ledger.errors.append(f"{type(self).__name__}: {error!r}")
        finally:
            self.ledger.keep(self.visitor.keys)

    def act(self) -> None:
        raise NotImplementedError

    def send(
        self, what: str, method: str, address: str, body: str = "", kind: str = "application/json"
    ) -> tuple[int, str]:
        began = time.monotonic()
        status, text = self.visitor.send(method, address, body, kind)
        self.ledger.note(what, status, time.monotonic() - began, text)
        return status, text

    def sign_in(self, email: str) -> None:
        self.visitor.cookies.clear()
        credentials = json.dumps({"email": email, "password": PASSWORD})
        self.send("sign-in", "POST", "/api/mobile/sign-in/", credentials)


class Person(Actor):
    """Signs in, looks at some pages, and leaves: by signing out, or by closing the browser."""

    def act(self) -> None:
        self.sign_in(f"person-{self.luck.randrange(PEOPLE)}@load.example")
        for _ in range(self.luck.randrange(1, 9)):
            status, _ = self.send("page", "GET", "/api/mobile/me/")
            if status == 401:
                return
        if self.luck.random() < 0.3:
            self.send("sign-out", "POST", "/api/mobile/sign-out/")


class Admin(Actor):
    """Searches, pages on, terminates one session, and now and then all that match."""

    email = "operator@load.example"

    def act(self) -> None:
        if not self.visitor.cookies.get("sessionid"):
            self.sign_in(self.email)
        query = self.luck.choice(
            ["", "q=person", "q=load.example", f"q=Person+{self.luck.randrange(PEOPLE)}", "q=zzz"]
        )
        status, text = self.send("list", "GET", f"{LIST}?{query}")
        if status == 302:
            self.visitor.cookies.clear()
            return
        if older := OLDER.search(text):
            self.send("older page", "GET", older[1].replace("&amp;", "&"))
        rows = ENDED_BY.findall(text)
        if rows and self.luck.random() < 0.5:
            self.end("terminate", f"{LIST}{self.luck.choice(rows)}/terminate/")
        if self.luck.random() < 0.08:
            digit = self.luck.randrange(10)
            self.end("terminate all", f"{LIST}terminate-all/?q=person-{digit}")

    def end(self, what: str, address: str) -> None:
        status, _ = self.send(f"{what}: confirmation", "GET", address)
        if status == 200:
            form = "application/x-www-form-urlencoded"
            self.send(what, "POST", address, "keep_current=on", form)


class AccountAdmin(Admin):
    """An admin who sees one account only."""

    email = "admin-3@load.example"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--people", type=int, default=14, help="people at the site at once")
    parser.add_argument("--processes", type=int, default=3)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        url, stop = _start_postgresql()
        stack.callback(stop)
        redis, stop_redis = servers.start_redis()
        stack.callback(stop_redis)
        _prepare(url, redis)
        port = stack.enter_context(_site(options.processes))
        found = storm(port, people=options.people, seconds=options.seconds)
    print(json.dumps(found, indent=1))
    if found["problems"]:
        sys.exit(1)


def storm(port: int, *, people: int, seconds: float) -> dict[str, Any]:
    """Let the crowd use the site, then compare the list with the sessions that are signed in."""
    ledger, until = Ledger(), threading.Event()
    crowd: list[Actor] = [Person(port, ledger, seed, until) for seed in range(people)]
    crowd += [Admin(port, ledger, 1000, until), Admin(port, ledger, 1001, until)]
    crowd += [AccountAdmin(port, ledger, 1002, until)]
    began = time.monotonic()
    for actor in crowd:
        actor.start()
    time.sleep(seconds)
    until.set()
    for actor in crowd:
        actor.join(60)
    took = time.monotonic() - began
    problems = ledger.errors[:20]
    if any(actor.is_alive() for actor in crowd):
        problems.append("Somebody still waits for an answer.")
    problems += _untrue(port, ledger)
    return {
        "seconds": round(took, 1),
        "answers": dict(sorted(ledger.answers.items())),
        "a_second": round(ledger.answers.total() / took, 1),
        "slowest_ms": {what: round(1000 * s) for what, s in sorted(ledger.slowest.items())},
        "sessions_given": len(ledger.keys),
        "problems": problems,
    }


def _untrue(port: int, ledger: Ledger) -> list[str]:
    """Try every session key handed out, read the whole list, and return what does not match."""
    from sessions_admin.models import Termination, TrackedSession

    deadline = time.monotonic() + 60
    while Termination.objects.filter(finished_at=None).exists():
        if time.monotonic() > deadline:
            return ["A bulk termination does not finish."]
        time.sleep(0.2)
    probe = Visitor(port)
    alive = {key for key in ledger.keys if probe.with_key(key).is_signed_in()}
    reader = Visitor(port).sign_in("operator@load.example", PASSWORD)
    listed = set(_listed(reader))
    rows = dict(
        TrackedSession.objects.filter(ended_at=None).values_list("public_id", "session_key")
    )
    keys = {rows.get(uuid.UUID(row)) for row in listed}
    problems = []
    if keys != alive | {reader.key}:
        missing, extra = alive - keys, keys - alive - {reader.key}
        problems.append(f"{len(missing)} are signed in and not listed, {len(extra)} the other way")
    sign_ins, known = ledger.answers["sign-in"] + 1, TrackedSession.objects.count()
    if sign_ins != known:
        problems.append(f"{sign_ins} sign-ins, {known} rows")
    for termination in Termination.objects.all():
        ended = TrackedSession.objects.filter(termination=termination).count()
        if (
            termination.failed
            or termination.requested != termination.ended + termination.already_gone
        ):
            problems.append(f"The termination log entry of {termination.requested} does not add up")
        # Sessions already gone from the store also belong to the termination.
        if not termination.ended <= ended <= termination.requested:
            problems.append(f"A termination says {termination.ended}, and stands on {ended} rows")
    return problems


def _listed(reader: Visitor) -> Iterator[str]:
    address: str | None = LIST
    while address:
        status, text = reader.get(address)
        assert status == 200, text
        yield from ENDED_BY.findall(text)
        older = OLDER.search(text)
        address = older[1].replace("&amp;", "&") if older else None
        if address and address.startswith("?"):
            address = LIST + address


def _start_postgresql() -> tuple[str, Any]:
    if system_postgresql.find():
        url, server = system_postgresql.start(options={"max_connections": "200"})
        return url, server.close
    return servers.start_postgresql()


def _prepare(url: str, redis: str) -> None:
    """Give this process and the site's processes the same servers and settings."""
    os.environ.update(
        DATABASE_URL=url,
        REDIS_URL=redis,
        DEBUG="1",
        DJANGO_SETTINGS_MODULE="sessions_admin.project.settings",
    )
    os.environ[VARIABLE] = json.dumps(
        {"PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"], "DEBUG": False}
    )
    import django
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    populate()


def populate() -> None:
    """Create people in a dozen accounts, an admin of one, and a superuser."""
    from django.contrib.auth.hashers import make_password

    from accounts.models import Account, Membership, User

    encoded = make_password(PASSWORD)
    accounts = [Account.objects.create(name=f"Load {n}", plan="premium") for n in range(ACCOUNTS)]
    people = [
        User(email=f"person-{n}@load.example", name=f"Person {n}", password=encoded)
        for n in range(PEOPLE)
    ]
    User.objects.bulk_create(people)
    Membership.objects.bulk_create(
        Membership(user=person, account=accounts[n % ACCOUNTS]) for n, person in enumerate(people)
    )
    admin = User.objects.create(email="admin-3@load.example", name="Ada", password=encoded)
    Membership.objects.create(user=admin, account=accounts[3], role="admin")
    User.objects.create(
        email="operator@load.example", name="Olga", password=encoded, is_superuser=True
    )


@contextlib.contextmanager
def _site(processes: int) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [
        *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"),
        *("--workers", str(processes), "--threads", "4", "--log-level", "error"),
        "tests.support.storm:application()",
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            probe = Visitor(port)
            try:
                assert probe.get("/accounts/login/")[0] == 200
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            finally:
                probe.close()
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


if __name__ == "__main__":
    main()
