"""Decides which sessions are active: those whose next request would be answered as signed in.

It checks what ``django.contrib.auth.get_user`` checks, for many sessions together: the store has
the session, its user exists and may sign in, and its hash fits the user's password.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    load_backend,
)
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from sessions_admin import engines
from sessions_admin.models import TrackedSession

Reason = TrackedSession.EndReason


class StoreUnavailableError(Exception):
    """The session store did not answer, so nothing is known about any session."""


def signed_in(rows: Sequence[TrackedSession]) -> list[TrackedSession]:
    """The active ones of these rows, in their order.

    Needs ``select_related("user")``. Raises StoreUnavailableError.
    """
    refused = verdicts(rows)
    return [row for row in rows if row not in refused]


def verdicts(rows: Sequence[TrackedSession]) -> dict[TrackedSession, str]:
    """The rows that are not active any more, each with its EndReason.

    Needs ``select_related("user")``. Raises StoreUnavailableError.
    """
    keys = [row.session_key for row in rows if row.session_key]
    try:
        stored = engines.current().load_many(keys) if keys else {}
    except Exception as error:
        raise StoreUnavailableError from error
    found = {row: _verdict(row, stored.get(row.session_key or "")) for row in rows}
    return {row: verdict for row, verdict in found.items() if verdict is not None}


def verdict_of_data(data: Mapping[str, Any], user: Any) -> str | None:
    """Why Django would not accept a session with this data for this user, or ``None``."""
    if user is None:
        return Reason.USER_DELETED
    if data.get(SESSION_KEY) != user._meta.pk.value_to_string(user):
        return Reason.LOST
    if not _backend_accepts(data.get(BACKEND_SESSION_KEY), user):
        return Reason.USER_DEACTIVATED
    if not _hash_fits(data.get(HASH_SESSION_KEY), user):
        return Reason.PASSWORD_CHANGED
    return None


def _verdict(row: TrackedSession, data: Mapping[str, Any] | None) -> str | None:
    if data:
        return verdict_of_data(data, row.user)
    return Reason.EXPIRED if row.expires_at <= timezone.now() else Reason.LOST


def _backend_accepts(path: str | None, user: Any) -> bool:
    if path is None or path not in settings.AUTHENTICATION_BACKENDS:
        return False
    backend: Any = load_backend(path)
    if hasattr(backend, "user_can_authenticate"):
        return bool(backend.user_can_authenticate(user))
    return backend.get_user(user.pk) is not None


def _hash_fits(stored: str | None, user: Any) -> bool:
    if not hasattr(user, "get_session_auth_hash"):
        return True
    if not stored:
        return False
    if constant_time_compare(stored, user.get_session_auth_hash()):
        return True
    return any(constant_time_compare(stored, h) for h in user.get_session_auth_fallback_hash())
