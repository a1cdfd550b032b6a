"""Decide which sessions are active: those whose next request would be signed in.

The checks are those of ``django.contrib.auth.get_user``, for many sessions together: the store has
the session, the backend finds its user, and its hash fits the user's password.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from sessions_admin import engines
from sessions_admin.auth_backends import Users
from sessions_admin.models import TrackedSession

logger = logging.getLogger(__name__)

Reason = TrackedSession.EndReason

# The verdict if the backend raises an error: requests fail, but the session may not have ended.
UNDECIDED = "undecided"


class StoreUnavailableError(Exception):
    """The session store did not answer, so the state of all sessions is unknown."""


def signed_in(
    rows: Sequence[TrackedSession], *, meanwhile: Callable[[], None] | None = None
) -> list[TrackedSession]:
    """Return the active ones of these rows, in the same order.

    Needs ``select_related("user")``. ``meanwhile`` is called when the store has answered, while
    there is still work to do without it. Raises StoreUnavailableError.
    """
    refused = judged(rows, meanwhile)
    return [row for row in rows if row not in refused] if refused else list(rows)


def verdicts(rows: Sequence[TrackedSession]) -> dict[TrackedSession, str]:
    """Return the rows that are no longer active, each with its EndReason.

    Needs ``select_related("user")``. Raises StoreUnavailableError.
    """
    return {row: verdict for row, verdict in judged(rows).items() if verdict != UNDECIDED}


def judged(
    rows: Sequence[TrackedSession], meanwhile: Callable[[], None] | None = None
) -> dict[TrackedSession, str]:
    """Return the rows that are not active, each with its EndReason or UNDECIDED.

    Needs ``select_related("user")``. Raises StoreUnavailableError.
    """
    keys = [row.session_key for row in rows if row.session_key]
    try:
        stored = engines.current().load_many(keys) if keys else {}
    except Exception as error:
        raise StoreUnavailableError from error
    if meanwhile:
        meanwhile()
    users = Users(row.user for row in rows)
    return {
        row: verdict
        for row in rows
        if (verdict := _verdict(row, stored.get(row.session_key or ""), users)) is not None
    }


def verdict_of_data(data: Mapping[str, Any], user: Any, users: Users | None = None) -> str | None:
    """Return the EndReason if Django would not accept this session data for this user, or ``None``.

    ``users`` holds the users that the backends have already returned.
    """
    users = users or Users([user])
    if user is not None and not users.is_of(data, user):
        return Reason.LOST
    accepted = users.of(data)
    if accepted is None:
        return Reason.USER_DELETED if user is None else Reason.USER_DEACTIVATED
    if not _hash_fits(data.get(HASH_SESSION_KEY), accepted):
        return Reason.PASSWORD_CHANGED
    return None


def _verdict(row: TrackedSession, data: Any, users: Users) -> str | None:
    if data is None:
        return Reason.EXPIRED if row.expires_at <= timezone.now() else Reason.LOST
    if not data or not isinstance(data, dict):
        logger.warning("The stored session of %s is empty or cannot be read", row.public_id)
        return Reason.LOST
    try:
        return verdict_of_data(data, row.user, users)
    except Exception:
        # Requests of this session fail the same way; other sessions are not affected.
        logger.exception("Whether %s is signed in could not be decided", row.public_id)
        return UNDECIDED


def _hash_fits(stored: str | None, user: Any) -> bool:
    if not hasattr(user, "get_session_auth_hash"):
        return True
    if not stored:
        return False
    if constant_time_compare(stored, user.get_session_auth_hash()):
        return True
    return any(constant_time_compare(stored, h) for h in user.get_session_auth_fallback_hash())
