"""Measures where the cost of a sign-in's tracking goes: `python -m benchmarks.sign_in`.

Real sign-ins go through the middleware, with and without tracking in turn, as in
``benchmarks.requests``; the parts of tracking are timed where they run. Uses the site that
DATABASE_URL names. `make bench` measures the ratio to plain Django for each session engine.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time
from typing import Any
from unittest import mock

from benchmarks.requests import ADDRESS, HINTS, OURS, new_client, person, sign_in
from benchmarks.worker import WINDOWS, prepare

# What a person has signed in before, so that as many logins are compared as ever are.
EARLIER = 60

Cost = tuple[float, float]


def main(rounds: int) -> None:
    prepare()
    from django.conf import settings

    from accounts.demo import locations

    person()
    with tempfile.TemporaryDirectory() as folder:
        settings.GEOIP_PATH = str(Path(folder) / "City.mmdb")
        locations.write_database(Path(settings.GEOIP_PATH))
        _show_parts(rounds)
        _show_alone(rounds)


def _show_parts(rounds: int) -> None:
    """Print what tracking adds to a sign-in with a user agent that is new, and with a known one."""
    from django.conf import settings
    from django.test.utils import override_settings

    plain = [path for path in settings.MIDDLEWARE if path != OURS]
    for is_known in (False, True):
        costs: dict[str, list[Cost]] = {}
        for turn in range(EARLIER + rounds):
            turns = [("plain", plain), ("tracked", settings.MIDDLEWARE)]
            for name, middleware in turns if turn % 2 else reversed(turns):
                with override_settings(MIDDLEWARE=middleware), _parts() as parts:
                    client = new_client(is_known=is_known)
                    cost = _cost_of(lambda client=client: sign_in(client))
                parts[name] = cost
                if turn >= EARLIER:
                    for part, taken in parts.items():
                        costs.setdefault(part, []).append(taken)
        _print(costs, "a known user agent" if is_known else "a new user agent")


def _print(costs: dict[str, list[Cost]], what: str) -> None:
    medians = {part: [median(each) for each in zip(*costs[part], strict=True)] for part in costs}
    plain, tracked = medians.pop("plain"), medians.pop("tracked")
    added = [with_it - without for with_it, without in zip(tracked, plain, strict=True)]
    rest = [
        a - sum(each) for a, each in zip(added, zip(*medians.values(), strict=True), strict=True)
    ]
    print(f"Sign-in with {what}: CPU ms, ms in all, % of plain CPU")
    for part, (cpu, all_) in {
        "plain Django": plain,
        **medians,
        "the rest of tracking": rest,
        "tracking in all": added,
    }.items():
        print(f"  {part:45}{cpu * 1000:8.2f}{all_ * 1000:8.2f}{cpu / plain[0]:8.1%}")


@contextmanager
def _parts() -> Iterator[dict[str, Cost]]:
    """Collect what the parts of tracking cost in the block."""
    from sessions_admin import resolvers
    from sessions_admin.client import origins
    from sessions_admin.querysets import TrackedSessionQuerySet
    from sessions_admin.tracking import logins

    costs: dict[str, Cost] = {}

    def timed(part: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*args: Any, **kwargs: Any) -> Any:
            answers = []
            cost = _cost_of(lambda: answers.append(act(*args, **kwargs)))
            before = costs.get(part, (0.0, 0.0))
            costs[part] = before[0] + cost[0], before[1] + cost[1]
            return answers[0]

        return measured

    with ExitStack() as stack:
        for part, owner, name in (
            ("read the earlier logins, decide the flags", logins, "flags_of_login"),
            ("write the row", TrackedSessionQuerySet, "insert"),
            ("read the address and the headers", logins, "client_of"),
            ("name the device", origins, "known_device_of"),
            ("find the location", origins, "location_of"),
            ("application, method and person in words", resolvers, "application_of"),
            ("application, method and person in words", resolvers, "sign_in_method_of"),
            ("application, method and person in words", logins, "label_of"),
        ):
            stack.enter_context(mock.patch.object(owner, name, timed(part, getattr(owner, name))))
        yield costs


def _cost_of(act: Callable[[], object]) -> Cost:
    """Return the processor's time and the time in all, in seconds."""
    began, began_cpu = perf_counter(), thread_time()
    act()
    return thread_time() - began_cpu, perf_counter() - began


def _show_alone(rounds: int) -> None:
    """Print what reading a client costs by itself, and what a hostile one costs."""
    from django.test import RequestFactory

    from sessions_admin.client import ClientHints, client_of, device_of, location_of

    request = RequestFactory(REMOTE_ADDR=ADDRESS).post("/", headers=HINTS)
    hints = ClientHints.read(request.headers)
    bomb = "Mozilla/5.0 (" + "; Android " * 1000 + ")"
    steps: dict[str, Callable[[int], object]] = {
        "read address and headers": lambda turn: client_of(request),
        "name a device": lambda turn: device_of(f"{WINDOWS} Turn/{turn}", hints),
        "name a hostile 10 kB device": lambda turn: device_of(f"{bomb}{turn}", hints),
        "find the location": lambda turn: location_of(ADDRESS),
    }
    print("By itself, again and again: µs in all")
    for name, step in steps.items():
        taken = [_cost_of(lambda turn=turn, step=step: step(turn))[1] for turn in range(rounds)]
        print(f"  {name:45}{median(taken) * 1e6:8.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 300)
