"""Measures the parts of a sign-in's tracking one by one: `python -m benchmarks.sign_in`.

`make bench` measures what all of them together add to a sign-in under plain Django.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.requests import ADDRESS, HINTS
from benchmarks.worker import WINDOWS, prepare

ROUNDS = 300


def main() -> None:
    prepare()
    from django.conf import settings
    from django.test import RequestFactory

    from accounts.demo import locations
    from sessions_admin.client import ClientHints, client_of, device_of, location_of

    request = RequestFactory(REMOTE_ADDR=ADDRESS).post("/", headers=HINTS)
    hints = ClientHints.read(request.headers)
    bomb = "Mozilla/5.0 (" + "; Android " * 1000 + ")"
    with tempfile.TemporaryDirectory() as folder:
        settings.GEOIP_PATH = str(Path(folder) / "City.mmdb")
        locations.write_database(Path(settings.GEOIP_PATH))
        show("read address and headers", lambda turn: client_of(request))
        show("name a device", lambda turn: device_of(f"{WINDOWS} Turn/{turn}", hints))
        show("name a hostile 10 kB device", lambda turn: device_of(f"{bomb}{turn}", hints))
        show("find the location", lambda turn: location_of(ADDRESS))


def show(name: str, step: Callable[[int], object]) -> None:
    taken = []
    for turn in range(ROUNDS):
        began = perf_counter()
        step(turn)
        taken.append(perf_counter() - began)
    print(f"{name:32}{median(taken) * 1e6:8.0f} µs")


if __name__ == "__main__":
    main()
