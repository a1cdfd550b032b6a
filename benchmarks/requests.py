"""Measures what tracking adds to a request and to a sign-in: `python -m benchmarks.requests`.

Real requests go through the real middleware, with and without tracking in turn, so that noise on
the machine affects both alike. Passwords are hashed cheaply, because Django's own hashing would
hide the rest. Uses the site that DATABASE_URL names, and REDIS_URL for the engines on a cache.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.worker import WINDOWS, prepare, statements

OURS = "sessions_admin.middleware.TrackedSessionMiddleware"
ADDRESS = "192.0.2.1"
HINTS = {
    "sec-ch-ua-full-version-list": '"Google Chrome";v="141.0.7390.108", "Not?A_Brand";v="8.0.0.0"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-model": '""',
    "sec-ch-ua-platform": '"Windows"',
    "sec-ch-ua-platform-version": '"19.0.0"',
}

_turns = itertools.count()


def main(rounds: int) -> list[dict[str, Any]]:
    prepare()
    from django.conf import settings
    from django.test.utils import override_settings

    from accounts.demo import locations

    person()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        settings.GEOIP_PATH = str(Path(folder) / "City.mmdb")
        locations.write_database(Path(settings.GEOIP_PATH))
        for engine in ("db", "cached_db", "cache"):
            path = f"django.contrib.sessions.backends.{engine}"
            if engine != "db" and not os.environ.get("REDIS_URL"):
                continue
            with override_settings(SESSION_ENGINE=path):
                found.append(_compare(engine, "ordinary request", rounds, _ordinary))
                fewer = max(rounds // 4, 1)
                found.append(_compare(engine, "sign-in", fewer, partial(_sign_in, is_known=True)))
                found.append(_compare(engine, "sign-in, new user agent", fewer, _sign_in))
    return found


def person() -> None:
    """Create the tables, and the person who signs in."""
    from django.core.management import call_command

    from accounts.models import User

    call_command("migrate", verbosity=0)
    ana, _created = User.objects.get_or_create(email="ana@bench.example", name="Ana")
    ana.set_password("password")
    ana.save()


def _compare(engine: str, what: str, rounds: int, make: Any) -> dict[str, Any]:
    """Measure the same step under plain Django and with tracking, in turn."""
    from django.conf import settings
    from django.test.utils import override_settings

    plain = [path for path in settings.MIDDLEWARE if path != OURS]
    ways = {"plain": plain, "tracked": settings.MIDDLEWARE}
    steps = {}
    for name, middleware in ways.items():
        with override_settings(MIDDLEWARE=middleware):
            steps[name] = make()
    times: dict[str, list[float]] = {name: [] for name in ways}
    statements: dict[str, int] = {}
    for turn in range(rounds + 10):
        for name in sorted(ways, reverse=bool(turn % 2)):
            with override_settings(MIDDLEWARE=ways[name]):
                seconds, statements[name] = steps[name](turn)
            if turn >= 10:
                times[name].append(seconds)
    medians = {name: median(taken) for name, taken in times.items()}
    return {
        "engine": engine,
        "what": what,
        "rounds": rounds,
        "plain_ms": medians["plain"] * 1000,
        "tracked_ms": medians["tracked"] * 1000,
        # The ratio is taken for each pair, because noise on the machine affects both of a pair
        # alike.
        "ratio": median(t / p for t, p in zip(times["tracked"], times["plain"], strict=True)),
        "plain_statements": statements["plain"],
        "tracked_statements": statements["tracked"],
    }


def _ordinary() -> Any:
    """A page of the site for a signed-in person, over an open connection."""
    client = new_client()
    sign_in(client)
    for _ in range(3):
        client.get("/")
    return lambda turn: _timed(lambda: client.get("/"), 200)


def _sign_in(*, is_known: bool = False) -> Any:
    def step(turn: int) -> tuple[float, int]:
        client = new_client(is_known=is_known)
        return _timed(lambda: sign_in(client), 302)

    return step


def new_client(*, is_known: bool = False) -> Any:
    """Return a client whose user agent this process has seen, or none has: the dearest case."""
    from django.test import Client

    sent = WINDOWS if is_known else f"{WINDOWS} Turn/{next(_turns)}"
    client: Any = Client(headers={"user-agent": sent, **HINTS}, REMOTE_ADDR=ADDRESS)
    # A server has loaded its middleware, too, before the first request.
    client.handler.load_middleware()
    return client


def sign_in(client: Any) -> Any:
    fields = {"username": "ana@bench.example", "password": "password"}
    answer = client.post("/accounts/login/", fields)
    assert answer.status_code == 302, answer.content
    return answer


def _timed(send: Any, status: int) -> tuple[float, int]:
    with statements() as took:
        began = perf_counter()
        answer = send()
        seconds = perf_counter() - began
    assert answer.status_code == status, answer.content
    return seconds, len(took)


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if sys.argv[1:] else 400)))
