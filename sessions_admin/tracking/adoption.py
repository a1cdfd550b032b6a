"""Write rows for sessions in the store that have none because the app has not seen a request.

They began before the app was installed, or were used only on another site with the same store.
Sessions are read and never saved, which would extend their lives. Their origin is unknown until
their next request (see ``logins.start``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth import SESSION_KEY, get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from sessions_admin import ending, engines, liveness, resolvers
from sessions_admin.auth_backends import Users, key_of
from sessions_admin.isolation import isolated
from sessions_admin.models import TrackedSession
from sessions_admin.people import label_of
from sessions_admin.tracking.logins import OWN_ENDS, account_columns
from sessions_admin.tracking.mark import MARK

logger = logging.getLogger(__name__)

Sessions = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Adopted:
    """How many sessions in the store were examined, how many got a row, and how many failed."""

    looked_at: int = 0
    adopted: int = 0
    failed: int = 0

    def __add__(self, other: Adopted) -> Adopted:
        return Adopted(
            self.looked_at + other.looked_at,
            self.adopted + other.adopted,
            self.failed + other.failed,
        )


def adopt(*, batch: int) -> Iterator[Adopted]:
    """Write a row for each signed-in session that has none, and yield the counts of each batch.

    Needs an engine that ``can_enumerate``. Safe to repeat, and to run in several processes at the
    same time. Raises liveness.StoreUnavailableError.
    """
    walk = engines.current().unknown_keys(batch, TrackedSession.objects.all())
    while True:
        try:
            step = next(walk, None)
            if step is None:
                return
            looked_at, unknown = step
            adopted, failed = _adopt(engines.current().load_many(unknown) if unknown else {})
        except Exception as error:
            raise liveness.StoreUnavailableError from error
        yield Adopted(looked_at, adopted, failed)


def adopt_key(key: str) -> Adopted:
    """Write a row for the session with this key, if it is signed in and has none.

    Raises liveness.StoreUnavailableError.
    """
    try:
        is_known = TrackedSession.objects.filter(session_key=key).exists()
        adopted, failed = _adopt({} if is_known else engines.current().load_many([key]))
    except Exception as error:
        raise liveness.StoreUnavailableError from error
    return Adopted(1, adopted, failed)


def _adopt(found: Sessions) -> tuple[int, int]:
    """Write rows for these sessions; return how many succeeded and how many failed."""
    signed_in = {
        key: data for key, data in found.items() if isinstance(data, dict) and SESSION_KEY in data
    }
    followed = _follow(signed_in)
    rows, failed = _rows({key: data for key, data in signed_in.items() if key not in followed})
    failures = isolated(rows, _insert)
    if failures.of:
        logger.error("%d sessions could not be adopted", len(failures.of), exc_info=failures.error)
    failed += sum(state == FAILED for state in followed.values())
    written = TrackedSession.objects.filter(public_id__in=[row.public_id for row in rows])
    adopted = sum(state == FOLLOWED for state in followed.values())
    return adopted + written.count(), failed + len(failures.of)


def _insert(rows: Sequence[TrackedSession]) -> None:
    with transaction.atomic():
        # Another process or a request of the session may have written the row meanwhile.
        TrackedSession.objects.bulk_create(rows, ignore_conflicts=True)


# --- Sessions whose mark names a row that is not under their key ----------------------------------

FOLLOWED, ENDED, FAILED = "followed", "ended", "failed"


def _follow(found: Sessions) -> dict[str, str]:
    """Update rows whose session changed its key unnoticed; return the outcome by session key.

    If the row has ended for good, the session is ended, too. If the row's own key still has a
    session, or its person signed out there, this one is a copy and is left out, so that it gets a
    row of its own.
    """
    marked = {key: row_id for key, data in found.items() if (row_id := _row_id(data))}
    on_record = TrackedSession.objects.filter(public_id__in=marked.values()).select_related("user")
    rows = {row.public_id: row for row in on_record}
    living = engines.current().living([row.session_key for row in rows.values() if row.session_key])
    done = {}
    for key, row_id in marked.items():
        row = rows.get(row_id)
        if row is None or row.session_key in living or row.end_reason in OWN_ENDS:
            continue
        if row.user is None or key_of(row.user) != found[key][SESSION_KEY]:
            continue
        try:
            done[key] = _follow_one(row, key)
        except Exception:
            # Reported, so that the caller does not write a second row for the same login.
            logger.exception("The new key of %s could not be followed", row.public_id)
            done[key] = FAILED
        if done[key] == FOLLOWED:
            row.session_key = key
            living.add(key)
    return done


def _follow_one(row: TrackedSession, key: str) -> str:
    if row.ended_at and row.end_reason not in TrackedSession.PASSING_REASONS:
        ending.abandon(key)
        return ENDED
    with transaction.atomic():
        TrackedSession.objects.filter(pk=row.pk, session_key=row.session_key).update(
            session_key=key, key_digest=engines.digest(key), ended_at=None, end_reason=""
        )
    return FOLLOWED


def _row_id(data: Mapping[str, Any]) -> UUID | None:
    mark = data.get(MARK)
    try:
        return UUID(mark["row"]) if isinstance(mark, dict) else None
    except (KeyError, ValueError, AttributeError, TypeError):
        return None


# --- New rows -------------------------------------------------------------------------------------


def _rows(found: Sessions) -> tuple[list[TrackedSession], int]:
    """Return rows for those sessions that Django accepts as signed in, and how many failed."""
    people = _users(found)
    users, rows, failed = Users(people.values()), [], 0
    for key, data in found.items():
        try:
            user = people.get(str(data[SESSION_KEY]))
            if user is not None and liveness.verdict_of_data(data, user, users) is None:
                rows.append(_row(key, data, user))
        except Exception:
            logger.exception("A session of %s could not be adopted", data.get(SESSION_KEY))
            failed += 1
    return rows, failed


def _users(found: Sessions) -> dict[str, Any]:
    """Return the users of these sessions, by primary key in the form that sessions store."""
    model, keys = get_user_model(), set()
    for data in found.values():
        try:
            keys.add(model._meta.pk.to_python(data[SESSION_KEY]))
        except (ValidationError, TypeError):
            continue
    return {key_of(user): user for user in model._base_manager.filter(pk__in=keys)}


def _row(key: str, data: dict[str, Any], user: Any) -> TrackedSession:
    now = timezone.now()
    session: Any = engines.current().store(key)
    # The data is already loaded; without this the session would load it again.
    session._session_cache = data
    return TrackedSession(
        session_key=key,
        key_digest=engines.digest(key),
        user=user,
        user_label=label_of(user),
        **account_columns(_account_of(session, user)),
        application=resolvers.applications()[-1].id,
        # The session cannot have begun after the user's last sign-in. When it was last active is
        # unknown, so that is set to now: the time of the sign-in would look like inactivity.
        created_at=min(getattr(user, "last_login", None) or now, now),
        last_seen_at=now,
        expires_at=engines.current().expiry_of(session),
        is_adopted=True,
    )


def _account_of(session: Any, user: Any) -> resolvers.AccountRef | None:
    """Call the account resolver with a request that has only a session and a user."""
    request = HttpRequest()
    request.session, request.user = session, user
    return resolvers.account_of(request)
