"""The step of the middleware before each view: refuse sessions that have ended.

The middleware should come right after the one that provides the session. Where it does not, other
middleware may have read the session and its user already, which is undone here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Set
from contextvars import ContextVar
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import auser
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils.functional import LazyObject, SimpleLazyObject, empty

from sessions_admin import engines
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import mark as marks
from sessions_admin.tracking.fail_open import failing_open
from sessions_admin.tracking.logins import OWN_ENDS
from sessions_admin.tracking.mark import Mark

logger = logging.getLogger(__name__)

# The session of the request that this thread or task is handling.
in_flight: ContextVar[SessionBase | None] = ContextVar("sessions_admin_in_flight", default=None)


@failing_open("This session is not checked for having ended")
def admit(request: HttpRequest) -> None:
    """Before the view: refuse a session that was ended and has come back to life."""
    session = getattr(request, "session", None)
    in_flight.set(session)
    came: Any = request
    came.key_presented = came.session_key_before = marks.key_presented(request)
    if session is None:
        return
    if getattr(session, "_signed_in", False):
        # By another middleware of this request, not outside any.
        marks.remove(session)
    session._came_with = came.session_key_before = _key_before(session, came.key_presented)
    key, engine = session.session_key, engines.current()
    if key and "\0" in key:
        # No session has such a key, and PostgreSQL raises an error for it instead of finding none.
        _empty(session)
        return
    looks_up_refusal = engine.guard(session, _doubt)
    if key is None and session._came_with:
        # Another middleware has read it while it was deleted (see ``engines.base.GuardedReads``).
        _empty(session)
        _forget_user(request)
    if key is None or (looks_up_refusal and not settings.SESSION_SAVE_EVERY_REQUEST):
        return
    is_refused = engine.is_refused(key)
    if is_refused or _has_ended(session):
        # Emptied first, so that the session is refused even if the steps below fail.
        _empty(session)
        _forget_user(request)
        if not is_refused:
            engine.refuse([key])
        engine.delete_many([key])


def _key_before(session: SessionBase, presented: str | None) -> str | None:
    """Return the session's own key before this request, in which it may have been rotated already.

    The mark proves it: a project may read another cookie than Django's for some of its sessions.
    """
    mark = Mark.read(session) if engines.is_loaded(session) else None
    return presented if mark and mark.names(presented) else session.session_key


def _empty(session: SessionBase) -> None:
    """Make this a session without key and data, as Django does with one that is not in the store.

    The object stays, since its class may need more than a key to create another.
    """
    emptied: Any = session
    emptied._session_key, emptied._session_cache, emptied.modified = None, {}, False


def _forget_user(request: HttpRequest) -> None:
    """Undo what another middleware has read of the user, now that the session is refused."""
    asked = request.__dict__
    was_read = "_cached_user" in asked or "_acached_user" in asked
    for name in ("_cached_user", "_acached_user"):
        asked.pop(name, None)
    user = asked.get("user")
    if isinstance(user, SimpleLazyObject) and user.__dict__["_wrapped"] is not empty:
        # Read again on next use: the project may have an anonymous user of its own.
        user.__dict__["_wrapped"], was_read = empty, True
    if user is not None and (was_read or not isinstance(user, LazyObject)) and _is_somebody(user):
        asked["user"] = AnonymousUser()
    if "auser" in asked:
        asked["auser"] = partial(auser, request)


def _is_somebody(user: Any) -> bool:
    try:
        return bool(user.is_authenticated)
    except Exception:
        logger.exception("The user of a refused session could not be read again")
        return True


def _has_ended(session: Any) -> bool:
    """Whether the row that the session's mark names has ended.

    Only for sessions that are already loaded, or are saved on every request. Others are checked
    when they are loaded.
    """
    if settings.SESSION_SAVE_EVERY_REQUEST:
        accessed = session.accessed
        session.get(marks.MARK)
        # Django adds "Vary: Cookie" only if the view accesses the session, so this must not count.
        session.accessed = accessed
    data = getattr(session, "_session_cache", None)
    question = _doubt(session.session_key or "", data, session._came_with) if data else None
    return question is not None and question()


def _doubt(
    key: str, data: dict[str, Any], came_with: str | None = None
) -> Callable[[], bool] | None:
    """Return a check of whether the session's row has ended, if its mark does not fit its key.

    The key was then rotated outside the middleware: during a streamed response, by a WebSocket, or
    by another site on the same store. If the row has ended, this session ends, too. So does one
    that another middleware of this request has rotated: it is no copy, whichever way the row ended.
    """
    mark = Mark.read(data)
    if mark is None or mark.names(key):
        return None
    spared = TrackedSession.PASSING_REASONS
    return partial(_row_has_ended, mark.row, spared if mark.names(came_with) else spared | OWN_ENDS)


def _row_has_ended(row_id: str, spared: Set[str]) -> bool:
    try:
        rows = TrackedSession.objects.filter(public_id=row_id, ended_at__isnull=False)
        return rows.exclude(end_reason__in=spared).exists()
    except Exception:
        logger.exception("Whether a session has ended could not be looked up")
        return False
