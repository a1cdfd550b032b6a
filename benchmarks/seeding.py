"""Fills an empty site with sessions: active ones, whose store entries requests accept, and ended.

A thousand accounts of very unequal size, ten sessions a person, browsers and locations from the
demo. Every third session began 40 days earlier and is still in use, but for one in a hundred of
these, which is idle. The same seed makes the same data at every size.
"""

from __future__ import annotations

import json
import math
import random
import uuid
from bisect import bisect
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import Any

from sessions_admin.listing import trigrams

SESSIONS_EACH = 10
ACCOUNTS = 1000
EARLIER = 5  # ended sessions to an active one
SMALL = 20  # sessions of the smallest account, the last one
DAYS = 13
# Every so many sessions, one began so long before; and every so many, one is idle since.
OLD, BEFORE, IDLE = 3, timedelta(days=40), 300
FIRST = (
    "Ana Bo Cem Dana Eva Finn Gita Hugo Ines Jan Kim Lea Milo Nina Omar Pia Quinn Rosa Sami Tess"
)
LAST = ["ber", "lin", "nov", "sil", "mar", "dok", "ras", "fen", "gar", "hol", "wes", "tur"]
APPLICATIONS = ["web", "management", "mobile", "admin"], [60, 25, 14, 1]
ENDS = ["ak", "er", "ova", "son", "ini", "escu", "mann", "ez", "sky", "wood"]


def seed(size: int, *, has_earlier: bool = False) -> None:
    """Write this many active sessions for a tenth as many people.

    On PostgreSQL they may have earlier ones that have ended.
    """
    from django.contrib.sessions.models import Session
    from django.db import connection

    from accounts.models import Account, Membership, User
    from sessions_admin.models import TrackedSession

    rng = random.Random(5)
    people = list(_people(max(size // SESSIONS_EACH, 20), rng))
    with _WithoutSearchIndex(connection):
        _write(Account, _account_rows(), connection)
        _write(User, _user_rows(people), connection)
        _write(Membership, _membership_rows(people), connection)
        tracked, stored = _sessions(size, people, rng)
        _write(TrackedSession, tracked, connection)
        if has_earlier and connection.vendor == "postgresql":
            _write_earlier(TrackedSession, connection)
        _write(Session, stored, connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in ("accounts_account", "accounts_user", "accounts_membership"):
                cursor.execute(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")
            cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM ANALYZE")
        else:
            cursor.execute("ANALYZE")


def _people(number: int, rng: random.Random) -> Iterator[tuple[int, str, str, int]]:
    """Yield key, name, email address and account; each person belongs to one account."""
    shares = list(accumulate(1 / math.pow(place, 0.9) for place in range(1, ACCOUNTS)))
    few = SMALL // SESSIONS_EACH
    for pk in range(1, number + 1):
        first = rng.choice(FIRST.split())
        last = (rng.choice(LAST) + rng.choice(LAST) + rng.choice(ENDS)).title()
        account = bisect(shares, rng.random() * shares[-1]) + 1 if pk > few else ACCOUNTS
        yield pk, f"{first} {last}", f"{first}.{last}.{pk}@mail.example".lower(), account


@cache
def account_name(account: int) -> str:
    rng = random.Random(account)
    return (
        f"{rng.choice(LAST)}{rng.choice(LAST)} {rng.choice(['Ltd', 'Inc', 'AG'])} {account}".title()
    )


def _account_rows() -> Iterator[dict[str, Any]]:
    for pk in range(1, ACCOUNTS + 1):
        yield {
            "id": pk,
            "name": account_name(pk),
            "plan": "premium",
        }


def _user_rows(people: Iterable[tuple[int, str, str, int]]) -> Iterator[dict[str, Any]]:
    from django.contrib.auth.hashers import make_password

    password = make_password("password")
    for pk, name, email, _ in people:
        yield {
            "id": pk,
            "password": password,
            "email": email,
            "name": name,
        }


def _membership_rows(people: Iterable[tuple[int, str, str, int]]) -> Iterator[dict[str, Any]]:
    for pk, _, _, account in people:
        yield {"id": pk, "role": "member", "account_id": account, "user_id": pk}


def _sessions(
    size: int, people: list[tuple[int, str, str, int]], rng: random.Random
) -> tuple[Iterator[dict[str, Any]], Iterator[dict[str, Any]]]:
    """Yield the rows of both tables lazily."""
    keys = [f"{rng.getrandbits(160):032x}"[:32] for _ in range(size)]
    owners = [people[place % len(people)] for place in range(size)]
    rng.shuffle(owners)
    begin = datetime.now(UTC) - timedelta(days=DAYS)
    step = timedelta(days=DAYS) / size
    return (
        _tracked(keys, owners, begin, step, rng),
        _stored(keys, owners, begin, step),
    )


def _tracked(
    keys: list[str], owners: list[Any], begin: datetime, step: timedelta, rng: random.Random
) -> Iterator[dict[str, Any]]:
    from django.utils.datastructures import CaseInsensitiveMapping

    from accounts.demo.agents import BROWSERS, HANDHELD_BROWSERS, NATIVE_CLIENTS
    from accounts.demo.locations import PLACES
    from sessions_admin import engines
    from sessions_admin.client import ClientHints, device_of

    agents = (*BROWSERS, *HANDHELD_BROWSERS, *NATIVE_CLIENTS)
    devices = [
        (a.user_agent, device_of(a.user_agent, ClientHints.read(CaseInsensitiveMapping(a.hints))))
        for a in agents
    ]
    for place, (key, owner) in enumerate(zip(keys, owners, strict=True)):
        pk, name, email, account = owner
        user_agent, device = rng.choice(devices)
        # Most people sign in from the common countries.
        city = PLACES[min(int(rng.expovariate(0.25)), len(PLACES) - 1)]
        created_at = last_seen_at = begin + step * place
        if place % OLD == 0:
            created_at -= BEFORE
        if place % IDLE == 0:
            last_seen_at -= BEFORE
        yield {
            "public_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            "session_key": key,
            "key_digest": engines.digest(key),
            "user_id": pk,
            "user_label": f"{name} ({email})",
            "account_id": str(account),
            "account_name": account_name(account),
            "application": rng.choices(["web", "management", "mobile", "admin"], [60, 25, 14, 1])[
                0
            ],
            "ip_address": f"{rng.randrange(1, 224)}.{rng.randrange(256)}."
            f"{rng.randrange(256)}.{rng.randrange(1, 255)}",
            "country_code": city.country_code,
            "country": city.country,
            "region": city.region,
            "city": city.city,
            "browser": device.browser,
            "browser_version": device.browser_version,
            "os": device.os,
            "os_version": device.os_version,
            "device": device.device,
            "device_kind": device.kind,
            "user_agent": user_agent,
            "is_far": rng.random() < 0.002,
            "is_new_country": rng.random() < 0.01,
            "is_new_kind": rng.random() < 0.02,
            "created_at": created_at,
            "last_seen_at": last_seen_at,
            "expires_at": begin + timedelta(days=2 * DAYS + 1),
        }


def _stored(
    keys: list[str], owners: list[Any], begin: datetime, step: timedelta
) -> Iterator[dict[str, Any]]:
    """Yield the store entries of these sessions as Django writes them, including our mark."""
    from django.contrib.sessions.backends.db import SessionStore

    from accounts.models import User
    from sessions_admin.tracking.mark import binding

    password = User.objects.values_list("password", flat=True)[0]
    fingerprint = User(password=password).get_session_auth_hash()
    store = SessionStore()
    for key, (pk, _, _, account) in zip(keys, owners, strict=True):
        row = str(uuid.UUID(int=pk))
        mark = {
            "row": row,
            "key": binding(key, row, str(pk)),
            "user": str(pk),
            "account": str(account),
            "client": "0" * 16,
        }
        data = {
            "_auth_user_id": str(pk),
            "_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
            "_auth_user_hash": fingerprint,
            "_sessions_admin": mark,
        }
        yield {
            "session_key": key,
            "session_data": store.encode(data),
            "expire_date": begin + timedelta(days=2 * DAYS + 1),
        }


def _write_earlier(model: Any, connection: Any) -> None:
    """Copy the active sessions as those of earlier fortnights, which have ended."""
    changed = {
        "public_id": "gen_random_uuid()",
        "session_key": "NULL",
        "key_digest": "md5(random()::text)",
        "created_at": "created_at - %(n)s * interval '14 days'",
        "last_seen_at": "created_at - %(n)s * interval '14 days' + interval '8 hours'",
        "ended_at": "created_at - %(n)s * interval '14 days' + interval '9 hours'",
        "end_reason": "(ARRAY['signed_out', 'signed_out', 'expired', 'lost', 'password_changed'])"
        "[1 + id %% 5]",
    }
    names = [
        field.column
        for field in model._meta.concrete_fields
        if not field.primary_key and not field.generated
    ]
    values = ", ".join(changed.get(name, name) for name in names)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        for n in range(1, EARLIER + 1):
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(names)}) "
                f"SELECT {values} FROM {table} WHERE ended_at IS NULL",
                {"n": n},
            )


def _write(model: Any, rows: Iterator[dict[str, Any]], connection: Any) -> None:
    """Write rows as fast as the database allows; missing fields get the model's defaults."""
    first = next(rows)
    defaults = {
        field.column: json.dumps(default) if isinstance(default, list | dict) else default
        for field in model._meta.concrete_fields
        if not field.primary_key and not field.generated and field.column not in first
        for default in [field.get_default()]
    }
    names = [*first, *defaults]
    table = model._meta.db_table
    values = ([row.get(name, defaults.get(name)) for name in names] for row in _all(first, rows))
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
            for row in values:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(names))
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
    connection.ensure_connection()
    connection.connection.execute("BEGIN")
    # Bypasses Django, so values are converted by hand: SQLite has no datetime or UUID type.
    connection.connection.executemany(
        statement,
        ([_plain(name, value) for name, value in zip(names, row, strict=True)] for row in values),
    )
    connection.connection.commit()


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    return value.replace("-", "") if name == "public_id" else value


def _all(first: dict[str, Any], rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield first
    yield from rows


class _WithoutSearchIndex:
    """Fills a table without its search indexes and builds them last, which is far faster."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.definitions: list[str] = []

    def __enter__(self) -> None:
        if self.connection.vendor != "postgresql":
            return
        with self.connection.cursor() as cursor:
            names = list(trigrams.INDEXES)
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = ANY(%s)", [names])
            self.definitions = [definition for (definition,) in cursor.fetchall()]
            cursor.execute(f"DROP INDEX IF EXISTS {', '.join(names)}")

    def __exit__(self, *error: object) -> None:
        if self.definitions and error[0] is None:
            with self.connection.cursor() as cursor:
                cursor.execute("SET maintenance_work_mem = '512MB'")
                for definition in self.definitions:
                    cursor.execute(definition)
