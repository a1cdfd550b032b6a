"""Fills an empty database with the demo: locations, accounts, people, and their sign-ins."""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from django.db import transaction
from django.test.utils import override_settings
from django.utils import timezone

from accounts.models import Account, Membership
from sessions_admin import conf
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import history

from . import locations, past
from .people import PASSWORD, PEOPLE, create_accounts, create_people
from .sign_in import sign_in
from .visits import Visit, plan

FLAG_COLUMNS = ("is_far", "is_new_country", "is_new_kind", "is_one_of_many", "flag_evidence")


class RememberingHasher(PBKDF2PasswordHasher):
    """Django's own hasher with a cache, so that each password is hashed only once while seeding.

    Without it, a hundred sign-ins with one password take minutes on a slow machine.
    """

    @staticmethod
    @cache
    def _answer(password: str, encoded: str) -> bool:
        return PBKDF2PasswordHasher().verify(password, encoded)

    def verify(self, password: str, encoded: str) -> bool:
        return self._answer(password, encoded)


def seed() -> int:
    """Create the whole demo in one transaction. Return the number of active sessions."""
    hasher = f"{RememberingHasher.__module__}.{RememberingHasher.__qualname__}"
    seeding = override_settings(PASSWORD_HASHERS=[hasher], GEOIP_PATH=prepare_places())
    with seeding, transaction.atomic():
        return _seed()


def prepare_places() -> str:
    """Write the demo's map, unless the site has a real one. Return the path of the map in use."""
    demo = Path(settings.DEMO_GEOIP_PATH)
    configured = settings.GEOIP_PATH
    if configured and Path(configured) != demo:
        return str(configured)
    locations.write_database(demo)
    return str(demo)


def _seed() -> int:
    accounts = create_accounts()
    create_people(accounts, encoded_password=make_password(PASSWORD))
    visits = plan()
    sessions = [
        sign_in(visit, account_id=str(accounts[visit.account].pk) if visit.account else None)
        for visit in visits
    ]
    move_back(sessions, visits)
    past.write(sessions)
    choose_main_accounts(accounts)
    return len(sessions)


def choose_main_accounts(accounts: dict[str, Account]) -> None:
    """Set the account in which people with several accounts start their next sign-in."""
    for person in PEOPLE:
        if len(person.roles) > 1:
            main = accounts[next(iter(person.roles))]
            memberships = Membership.objects.filter(user__email=person.email)
            memberships.filter(account=main).update(last_chosen_at=timezone.now())


def move_back(sessions: list[TrackedSession], visits: list[Visit]) -> None:
    """Spread the sessions over the last days.

    A sign-in cannot be made in the past, so these times are the only invented part of the sessions.
    Expiry times stay as they are, because they match the real sessions in the store.
    """
    now = timezone.now()
    for session, visit in zip(sessions, visits, strict=True):
        session.created_at = now - visit.signed_in_ago
        session.last_seen_at = now - visit.seen_ago
        for origin in session.other_origins:
            origin["first_seen_at"] = origin["last_seen_at"] = session.last_seen_at.isoformat()
    raise_flags(sessions)
    moved = ["created_at", "last_seen_at", "other_origins", *FLAG_COLUMNS]
    TrackedSession.objects.bulk_update(sessions, moved)


def raise_flags(sessions: list[TrackedSession]) -> None:
    """Set the flags that the sessions get at these times; oldest first.

    Those raised while seeding are wrong, since all sign-ins happened within a minute.
    """
    earlier: dict[int | None, list[TrackedSession]] = defaultdict(list)
    for row in sessions:
        _set(row, dict.fromkeys(FLAG_COLUMNS[:-1], False) | {"flag_evidence": None})
        others = earlier[row.user_id]
        inside = [each for each in others if each.account_id == row.account_id]
        known = history.Known(
            country=any(each.country_code == row.country_code for each in others),
            kind=any(each.device_kind == row.device_kind for each in others),
            many=len(inside) >= conf.current().many_sessions,
        )
        logins = [_as_of(row.created_at, each) for each in reversed(others)]
        if logins:
            columns, odd = history.judged(vars(row), row.account_id, logins, known, row.created_at)
            _set(row, columns)
            for each in others:
                _set(each, odd.get(each.pk, {}))
        if row.other_origins:
            before = copy(row)
            before.other_origins, before.last_seen_at = [], row.created_at
            _set(row, history.flags_of_move(before, row.other_origins[0], row.last_seen_at))
        others.append(row)


def _set(row: TrackedSession, columns: dict[str, Any]) -> None:
    for column, value in columns.items():
        setattr(row, column, value)


def _as_of(moment: datetime, row: TrackedSession) -> history.Login:
    """Return an earlier login as it was known then, without later activity."""
    has_moved = row.last_seen_at <= moment
    known_then = vars(row) | {
        "last_seen_at": min(row.last_seen_at, moment),
        "other_origins": row.other_origins if has_moved else [],
    }
    return history.Login.of(known_then[name] for name in history.STORED)
