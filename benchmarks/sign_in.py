"""What tracking adds to a sign-in: `python benchmarks/sign_in.py`.

Real sign-ins through the real middleware, with it and without it in turn, so that a noisy machine
is noisy for both. Passwords are hashed cheaply, because Django's own hashing would hide the rest.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

ROUNDS = 300
ADDRESS = "192.0.2.1"
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36"
)
HINTS = {
    "sec-ch-ua-full-version-list": '"Google Chrome";v="141.0.7390.108", "Not?A_Brand";v="8.0.0.0"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-model": '""',
    "sec-ch-ua-platform": '"Windows"',
    "sec-ch-ua-platform-version": '"19.0.0"',
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        sign_ins()
        parts()


def prepare(folder: Path) -> None:
    """An empty site with one person, on SQLite, or on the database that DATABASE_URL names."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder / 'site.sqlite3'}")
    os.environ["DEBUG"] = "1"
    os.environ["DJANGO_SETTINGS_MODULE"] = "sessions_admin.project.settings"
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from accounts.demo import places
    from accounts.models import User

    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["*"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.GEOIP_PATH = str(folder / "City.mmdb")
    places.write_database(Path(settings.GEOIP_PATH))
    call_command("migrate", verbosity=0)
    User.objects.create_user("ana@example.com", "password", name="Ana")


def sign_ins() -> None:
    from django.conf import settings
    from django.db import connection, reset_queries
    from django.test import Client
    from django.test.utils import CaptureQueriesContext, override_settings

    ours = "sessions_admin.middleware.TrackedSessionMiddleware"
    plain = [path for path in settings.MIDDLEWARE if path != ours]
    times: dict[str, list[float]] = {"plain Django": [], "tracked": []}
    statements = {}
    for turn in range(ROUNDS + 20):
        for name, middleware in (("plain Django", plain), ("tracked", settings.MIDDLEWARE)):
            with override_settings(MIDDLEWARE=middleware):
                client = Client(
                    headers={"user-agent": f"{WINDOWS} Turn/{turn}", **HINTS}, REMOTE_ADDR=ADDRESS
                )
                # Django keeps the last 9,000 statements, and counts no more once it has them.
                reset_queries()
                with CaptureQueriesContext(connection) as queries:
                    began = perf_counter()
                    answer = client.post(
                        "/accounts/login/", {"username": "ana@example.com", "password": "password"}
                    )
                    took = perf_counter() - began
            assert answer.status_code == 302
            statements[name] = len(queries)
            if turn >= 20:
                times[name].append(took)
    print(f"{ROUNDS} sign-ins of each, in turn, every one with a user agent never seen before")
    for name, taken in times.items():
        print(f"  {name:14}{median(taken) * 1000:8.2f} ms  {statements[name]:3} statements")
    ratio = median(times["tracked"]) / median(times["plain Django"])
    print(f"  {'ratio':14}{ratio:8.2f}")


def parts() -> None:
    from django.test import RequestFactory

    from sessions_admin.client import client_of
    from sessions_admin.client_hints import ClientHints
    from sessions_admin.devices import device_of
    from sessions_admin.locations import location_of

    request = RequestFactory(REMOTE_ADDR=ADDRESS).post("/", headers=HINTS)
    hints = ClientHints.read(request.headers)
    bomb = "Mozilla/5.0 (" + "; Android " * 1000 + ")"
    print("Parts of it, median of many")
    show("read address and headers", lambda turn: client_of(request))
    show("name a device", lambda turn: device_of(f"{WINDOWS} Turn/{turn}", hints))
    show("name a hostile 10 kB device", lambda turn: device_of(f"{bomb}{turn}", hints))
    show("find a place", lambda turn: location_of(ADDRESS))


def show(name: str, step: Callable[[int], object]) -> None:
    taken = []
    for turn in range(ROUNDS):
        began = perf_counter()
        step(turn)
        taken.append(perf_counter() - began)
    print(f"  {name:32}{median(taken) * 1e6:8.0f} µs")


if __name__ == "__main__":
    main()
