"""Find the flags of a login or a move by comparing it with the person's earlier logins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Exists

from sessions_admin import flags
from sessions_admin.flags import Login
from sessions_admin.models import TrackedSession


def flags_of_login(user: Any, facts: Mapping[str, Any], now: datetime) -> dict[str, bool]:
    """Return the flag columns of a login that is about to be written. Runs one query."""
    mine = TrackedSession.objects.filter(user=user)
    newest = mine.newest_first().annotate(
        knows_country=Exists(mine.filter(country_code=facts["country_code"])),
        knows_kind=Exists(mine.filter(device_kind=facts["device_kind"])),
    )
    rows: list[Any] = list(
        newest.only(
            "last_seen_at", "latitude", "longitude", "other_origins", "ended_at", "expires_at"
        )[: flags.COMPARED]
    )
    return flags.raised(
        facts,
        [login_of(row, now) for row in rows],
        knows_country=bool(rows) and rows[0].knows_country,
        knows_kind=bool(rows) and rows[0].knows_kind,
        now=now,
    )


def login_of(row: TrackedSession, now: datetime) -> Login:
    """Return an earlier login as flags need it: where and when it was last active."""
    where = row.now or row
    is_active = row.ended_at is None and row.expires_at > now
    return Login(row.last_seen_at, where.latitude, where.longitude, is_active)


def flags_of_move(row: TrackedSession, to: Mapping[str, Any], now: datetime) -> dict[str, bool]:
    """Return the flag columns to set for a move; ``row`` is still in its state before the move."""
    before = row.now or row
    here = (to["latitude"], to["longitude"])
    code = to["country_code"]
    known = {row.country_code, *(seen.country_code for seen in row.elsewhere), ""}
    found = {
        "is_far": flags.is_far(here, (before.latitude, before.longitude), now - row.last_seen_at),
        "is_new_country": code not in known
        and not TrackedSession.objects.filter(user=row.user_id, country_code=code).exists(),
    }
    # Flags are never cleared: they record what has happened.
    return {column: True for column, is_so in found.items() if is_so}
