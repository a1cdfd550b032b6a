"""The flags of a session: facts that make it worth reviewing, each with a sentence, never a score.

All but ``idle`` are determined when a session signs in or moves, by comparing it with the person's
other logins. They are stored in columns, so that the list counts and filters them by index and
other requests cost nothing. A person with few logins has no usual country or device yet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from sessions_admin import conf

# Airliners cruise at about 900 km/h. Location databases are often wrong by a few hundred
# kilometres, so shorter distances mean nothing.
FASTEST = 900.0  # km/h
FAR = 500.0  # km
EARTH_RADIUS = 6371.0  # km
IDLE = timedelta(days=30)
# How many of a person's newest logins are compared.
COMPARED = 50
# With fewer earlier logins than this, nothing is unusual yet.
ENOUGH = 3
NOWHERE = ("other", "")


@dataclass(frozen=True)
class Flag:
    """A flag: ``id`` is used in URLs, ``label`` is short, ``why`` returns a sentence."""

    id: str
    label: str | Promise
    condition: Callable[[], Q]
    why: Callable[[], str]


FLAGS = (
    Flag(
        "far",
        _("Impossible travel"),
        lambda: Q(is_far=True),
        lambda: gettext(
            "Too far from this person's previous activity for the time in between: faster than a "
            "flight. A VPN can cause this too."
        ),
    ),
    Flag(
        "country",
        _("New country"),
        lambda: Q(is_new_country=True),
        lambda: gettext("First sign-in by this person from this country."),
    ),
    Flag(
        "device",
        _("New type of device"),
        lambda: Q(is_new_kind=True),
        lambda: gettext("First sign-in by this person on this type of device."),
    ),
    Flag(
        "many",
        _("Many active sessions"),
        lambda: Q(is_one_of_many=True),
        lambda: (
            ngettext(
                "With this sign-in, this person had more than %(n)d active session.",
                "With this sign-in, this person had more than %(n)d active sessions.",
                conf.current().many_sessions,
            )
            % {"n": conf.current().many_sessions}
        ),
    ),
    Flag(
        "idle",
        _("Inactive for 30+ days"),
        # A session idle for this long also began before that, and ``created_at`` is indexed.
        lambda: Q(last_seen_at__lte=_idle_since(), created_at__lte=_idle_since()),
        lambda: gettext("No activity in the last 30 days."),
    ),
)
BY_ID = {flag.id: flag for flag in FLAGS}


@dataclass(frozen=True)
class Login:
    """An earlier login of the same person: where and when it was last active."""

    last_seen_at: datetime
    latitude: float | None
    longitude: float | None
    is_active: bool


def raised(
    facts: Mapping[str, Any],
    history: Iterable[Login],
    *,
    knows_country: bool,
    knows_kind: bool,
    now: datetime,
) -> dict[str, bool]:
    """Return the flag columns of a login with these facts, given the person's earlier logins.

    ``knows_country`` and ``knows_kind`` say whether any earlier login came from this country and
    this kind of device.
    """
    earlier = list(history)
    if not earlier:
        return {}
    here = (facts["latitude"], facts["longitude"])
    at_once = sum(login.is_active for login in earlier) + 1
    is_well_known = len(earlier) >= ENOUGH
    return {
        "is_far": any(
            is_far(here, (login.latitude, login.longitude), now - login.last_seen_at)
            for login in earlier
        ),
        "is_new_country": is_well_known and bool(facts["country_code"]) and not knows_country,
        "is_new_kind": is_well_known and facts["device_kind"] not in NOWHERE and not knows_kind,
        "is_one_of_many": at_once > conf.current().many_sessions,
    }


Position = tuple[float | None, float | None]


def is_far(here: Position, there: Position, apart: timedelta) -> bool:
    """Whether the distance is too far to travel in this time; false for unknown locations."""
    if None in here or None in there:
        return False
    hours = max(apart.total_seconds(), 0) / 3600
    return kilometres(here, there) > max(FAR, FASTEST * hours)


def kilometres(here: Position, there: Position) -> float:
    """Return the great-circle distance in kilometres (haversine formula)."""
    (lat1, lon1), (lat2, lon2) = ([math.radians(x or 0) for x in place] for place in (here, there))
    a = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_RADIUS * math.asin(math.sqrt(min(a, 1.0)))


def flags_of(row: Any) -> list[Flag]:
    """Return the flags of a row."""
    raised = {
        "far": row.is_far,
        "country": row.is_new_country,
        "device": row.is_new_kind,
        "many": row.is_one_of_many,
        "idle": row.last_seen_at <= _idle_since(),
    }
    return [flag for flag in FLAGS if raised[flag.id]]


def _idle_since() -> datetime:
    return timezone.now() - IDLE
