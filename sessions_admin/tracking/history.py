"""Raise flags: compare a login or a move with the person's other logins.

Of two ends that are too far apart, the odd one is flagged: the end that fewer of the person's
logins are from. Stored evidence quotes only activity in the row's own account, because its readers
may not see the person's sessions in other accounts.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connections, router

from sessions_admin import conf
from sessions_admin.client import Origin
from sessions_admin.models import TrackedSession

# Airliners cruise at about 900 km/h. Location databases are often wrong by a few hundred
# kilometres, so shorter distances mean nothing.
FASTEST = 900.0  # km/h
FAR = 500.0  # km
EARTH_RADIUS = 6371.0  # km
# How many of a person's newest logins are compared.
COMPARED = 50
# With fewer earlier logins than this, nothing is unusual yet.
ENOUGH = 3
NOWHERE = ("other", "")

Position = tuple[float | None, float | None]
Columns = dict[str, Any]


class Spot(NamedTuple):
    """A city with its coordinates; ``None`` and empty when unknown."""

    latitude: float | None
    longitude: float | None
    city: str
    country_code: str
    country: str

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Spot:
        return cls(*(facts[name] for name in cls._fields))

    @property
    def position(self) -> Position:
        return self.latitude, self.longitude

    @property
    def stored(self) -> list[str]:
        return [self.city, self.country_code, self.country]


class Login(NamedTuple):
    """A login of the same person: where it signed in, and where and when it was last active."""

    pk: int
    account_id: str
    signed_in_from: Spot
    active_in: Spot
    last_seen_at: datetime
    device_kind: str
    is_far: bool
    flag_evidence: dict[str, Any] | None

    @classmethod
    def of(cls, values: Iterable[Any]) -> Login:
        """Return the login with these values of its row, in the order of ``STORED``."""
        (
            *spot,
            pk,
            account_id,
            device_kind,
            is_far_already,
            last_seen_at,
            flag_evidence,
            other_origins,
        ) = values
        signed_in_from = active_in = Spot(*spot)
        if other_origins:
            latest = Origin.read_all(other_origins, limit=1)
            if latest and latest[0].last_seen_at >= last_seen_at:
                active_in = Spot.of(vars(latest[0]))
        return cls(
            pk,
            account_id,
            signed_in_from,
            active_in,
            last_seen_at,
            device_kind,
            is_far_already,
            flag_evidence,
        )


# The fields that make a login.
STORED = (
    *Spot._fields,
    "id",
    "account_id",
    "device_kind",
    "is_far",
    "last_seen_at",
    "flag_evidence",
    "other_origins",
)
TABLE = TrackedSession._meta.db_table
# Written by hand, because Django takes ten times as long to build it as the database to answer it,
# and a sign-in has to be quick. All names are the model's own.
EARLIER_LOGINS = f"""
    SELECT {", ".join(STORED)},
        account_id = %s AND ended_at IS NULL AND expires_at > %s,
        EXISTS (SELECT 1 FROM {TABLE} WHERE user_id = %s AND country_code = %s),
        EXISTS (SELECT 1 FROM {TABLE} WHERE user_id = %s AND device_kind = %s)
    FROM {TABLE} WHERE user_id = %s ORDER BY created_at DESC, id DESC LIMIT {COMPARED}
"""  # noqa: S608


@dataclass(frozen=True)
class Known:
    """What the person's whole history says, beyond the logins that are compared."""

    country: bool
    kind: bool
    # Whether MANY_SESSIONS of the person's newest sessions are active in this account.
    many: bool


def flags_of_login(user: Any, facts: Mapping[str, Any], account_id: str, now: datetime) -> Columns:
    """Return the flag columns of a login that is about to be written.

    Runs one query, and one more only if the login shows that an earlier one is the odd end.
    """
    logins, known = _history(user, facts, account_id, now)
    if not logins:
        return {}
    columns, odd = judged(facts, account_id, logins, known, now)
    if odd:
        TrackedSession.objects.bulk_update(
            [TrackedSession(pk=pk, **changed) for pk, changed in odd.items()],
            ["is_far", "flag_evidence"],
        )
    return columns


def _history(
    user: Any, facts: Mapping[str, Any], account_id: str, now: datetime
) -> tuple[list[Login], Known]:
    """Return the user's newest logins, newest first, and what is known from them and earlier ones.

    ``facts`` are those of the login that comes next, in this account.
    """
    connection: Any = connections[router.db_for_read(TrackedSession)]
    field: Any = TrackedSession._meta.get_field
    key = field("user").get_db_prep_value(user.pk, connection, prepared=False)
    until = field("expires_at").get_db_prep_value(now, connection, prepared=False)
    country, kind = facts["country_code"], facts["device_kind"]
    with connection.cursor() as cursor:
        cursor.execute(EARLIER_LOGINS, [account_id, until, key, country, key, kind, key])
        rows = cursor.fetchall()
    # SQLite keeps times as texts.
    column = field("last_seen_at").cached_col
    converters = connection.ops.get_db_converters(column)
    logins, active = [], 0
    for *plain, seen, evidence, origins, is_active, _knows_country, _knows_kind in rows:
        for convert in converters:
            seen = convert(seen, column, connection)
        logins.append(Login.of((*plain, seen, _decoded(evidence), _decoded(origins))))
        active += is_active
    *_first, knows_country, knows_kind = rows[0] if rows else (False, False)
    is_many = active >= conf.current().many_sessions
    return logins, Known(country=bool(knows_country), kind=bool(knows_kind), many=is_many)


def _decoded(text: str | None) -> Any:
    """Return the value of a JSON column; ``None`` also for an empty list, as most of them are."""
    return None if text in (None, "[]") else json.loads(text)


def judged(
    facts: Mapping[str, Any],
    account_id: str,
    logins: Sequence[Login],
    known: Known,
    now: datetime,
) -> tuple[Columns, dict[int, Columns]]:
    """Return the flag columns of a login with these facts, and those to set on earlier logins.

    ``logins`` are the person's earlier ones, newest first; the second result is by primary key.
    """
    here = Spot.of(facts)
    evidence: dict[str, Any] = {}
    columns: Columns = {"is_one_of_many": known.many}
    same = [login for login in logins if login.account_id == account_id]
    if len(logins) >= ENOUGH:
        if here.country_code and not known.country:
            columns["is_new_country"] = True
            usual = _usual([login.signed_in_from.stored[1:] for login in same])
            evidence["country"] = {"how": "signed_in", "here": here.stored[1:], "usual": usual}
        if facts["device_kind"] not in NOWHERE and not known.kind:
            columns["is_new_kind"] = True
            if usual := _usual([[login.device_kind] for login in same]):
                evidence["device"] = {"here": facts["device_kind"], "usual": usual[0]}
    odd: dict[int, Columns] = {}
    # The newest activity comes first: it is the best evidence.
    for login in sorted(logins, key=lambda login: login.last_seen_at, reverse=True):
        if not is_far(here.position, login.active_in.position, now - login.last_seen_at):
            continue
        if _is_odd(login, here, logins):
            if not login.is_far:
                odd[login.pk] = _travelled(login, here, now, account_id)
            continue
        columns["is_far"] = True
        if login.account_id == account_id and "far" not in evidence:
            evidence["far"] = _travel("signed_in", here, login.active_in, now - login.last_seen_at)
    if evidence:
        columns["flag_evidence"] = {"account": account_id, **evidence}
    return columns, odd


def flags_of_move(row: TrackedSession, to: Mapping[str, Any], now: datetime) -> Columns:
    """Return the flag columns to set for a move; ``row`` is still in its state before the move."""
    before, here = Spot.of(vars(row.now or row)), Spot.of(to)
    known = {row.country_code, *(seen.country_code for seen in row.elsewhere), ""}
    columns: Columns = {}
    evidence: dict[str, Any] = {}
    # Flags are never cleared: they record what has happened, and the first time is kept.
    if not row.is_far and is_far(here.position, before.position, now - row.last_seen_at):
        columns["is_far"] = True
        evidence["far"] = _travel("moved", here, before, now - row.last_seen_at)
    if not row.is_new_country and here.country_code not in known:
        others = TrackedSession.objects.filter(user=row.user_id, country_code=here.country_code)
        if not others.exists():
            columns["is_new_country"] = True
            usual = [row.country_code, row.country]
            if row.country_code:
                evidence["country"] = {"how": "moved", "here": here.stored[1:], "usual": usual}
    if evidence:
        columns["flag_evidence"] = _added(row.flag_evidence, row.account_id, evidence)
    return columns


def is_far(here: Position, there: Position, apart: timedelta) -> bool:
    """Whether the distance is too far to travel in this time; false for unknown locations."""
    if here == there or None in here or None in there:
        return False
    hours = max(apart.total_seconds(), 0) / 3600
    return kilometres(here, there) > max(FAR, FASTEST * hours)


def kilometres(here: Position, there: Position) -> float:
    """Return the great-circle distance in kilometres (haversine formula)."""
    (lat1, lon1), (lat2, lon2) = ([math.radians(x or 0) for x in spot] for spot in (here, there))
    a = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_RADIUS * math.asin(math.sqrt(min(a, 1.0)))


def _is_odd(login: Login, here: Spot, logins: Sequence[Login]) -> bool:
    """Whether fewer of the other logins are from where this one was active than from ``here``."""
    others = [each.signed_in_from.position for each in logins if each.pk != login.pk]
    there = login.active_in.position
    return sum(_is_near(each, there) for each in others) < sum(
        _is_near(each, here.position) for each in others
    )


def _is_near(one: Position, other: Position) -> bool:
    return None not in one and None not in other and kilometres(one, other) <= FAR


def _travelled(login: Login, here: Spot, now: datetime, account_id: str) -> Columns:
    """Return the columns to set on an earlier login that is too far from a login ``here``."""
    found: dict[str, Any] = {}
    if login.account_id == account_id:
        apart = now - login.last_seen_at
        found["far"] = _travel("earlier", login.active_in, here, apart)
    evidence = _added(login.flag_evidence, login.account_id, found)
    return {"is_far": True, "flag_evidence": evidence}


def _travel(how: str, here: Spot, there: Spot, apart: timedelta) -> dict[str, Any]:
    return {
        "how": how,
        "here": here.stored,
        "there": there.stored,
        "km": round(kilometres(here.position, there.position)),
        "minutes": max(round(apart.total_seconds() / 60), 0),
    }


def _added(stored: dict[str, Any] | None, account_id: str, found: dict[str, Any]) -> dict[str, Any]:
    """Return a row's evidence with more in it, without what is about another account."""
    kept = stored if isinstance(stored, dict) and stored.get("account") == account_id else {}
    return {**kept, "account": account_id, **found}


def _usual(found: list[list[str]]) -> list[str] | None:
    """Return the most frequent of these values, the newest of equally frequent ones."""
    counts = Counter(tuple(each) for each in found if each[0])
    return list(counts.most_common(1)[0][0]) if counts else None
