"""The steps of the middleware before and after each view.

Errors are logged and never break the request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial, wraps
from typing import Any, ParamSpec

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import LazyObject, empty

from sessions_admin import ending, engines, liveness, resolvers
from sessions_admin.client import ACCEPT_CH
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import mark as marks
from sessions_admin.tracking.activity import touch, touch_from_elsewhere
from sessions_admin.tracking.logins import OWN_ENDS, rotate, start, switch_account
from sessions_admin.tracking.mark import Mark

logger = logging.getLogger(__name__)

Reason = TrackedSession.EndReason
P = ParamSpec("P")

# The session of the request that this thread or task is handling.
in_flight: ContextVar[SessionBase | None] = ContextVar("sessions_admin_in_flight", default=None)


def _failing_open(step: Callable[P, None]) -> Callable[P, None]:
    @wraps(step)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            step(*args, **kwargs)
        except Exception:
            logger.exception("This session is not tracked for now")

    return guarded


@_failing_open
def admit(request: HttpRequest) -> None:
    """Before the view: refuse a session that was ended and has come back to life."""
    session = getattr(request, "session", None)
    in_flight.set(session)
    key = getattr(session, "session_key", None)
    if session is None or key is None:
        return
    if "\0" in key:
        # No session has such a key, and PostgreSQL raises an error for it instead of finding none.
        request.session = type(session)()
        return
    session._came_with = key
    engine = engines.current()
    looks_up_refusal = engine.guard(session, _doubt)
    if looks_up_refusal and not settings.SESSION_SAVE_EVERY_REQUEST:
        return
    if engine.is_refused(key) or _has_ended(session, key):
        # Replaced first, so that the session is refused even if the steps below fail.
        request.session = type(session)()
        in_flight.set(request.session)
        engine.refuse([key])
        engine.delete_many([key])


def _has_ended(session: SessionBase, key: str) -> bool:
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
    question = _doubt(key, data) if data else None
    return question is not None and question()


def _doubt(key: str, data: dict[str, Any]) -> Callable[[], bool] | None:
    """Return a check of whether the session's row has ended, if its mark does not fit its key.

    The key was then rotated outside the middleware: during a streamed response, by a WebSocket, or
    by another site on the same store. If the row has ended, this session ends, too.
    """
    mark = Mark.read(data)
    if mark is None or mark.names(key):
        return None
    return partial(_row_has_ended, mark.row)


def _row_has_ended(row_id: str) -> bool:
    try:
        rows = TrackedSession.objects.filter(public_id=row_id, ended_at__isnull=False)
        spared = TrackedSession.PASSING_REASONS | OWN_ENDS
        return rows.exclude(end_reason__in=spared).exists()
    except Exception:
        logger.exception("Whether a session has ended could not be looked up")
        return False


@_failing_open
def observe(request: HttpRequest, response: HttpResponseBase, *, key_before: str | None) -> None:
    """After the view: update the row with what the request did to its session.

    ``key_before`` is the session key that the request was sent with.
    """
    in_flight.set(None)
    session = getattr(request, "session", None)
    if session is None or not session.accessed:
        return
    if SESSION_KEY not in session:
        if getattr(session, "_signed_out", False) and key_before:
            ending.end_by_key(key_before, reason=Reason.SIGNED_OUT)
    elif response.status_code < 500 and _is_accepted(request):
        # Django does not save the session with a response of 500 or above.
        _follow(request, session, key_before)
        if getattr(session, "_user_changed", False):
            _end_if_refused(session)


@_failing_open
def follow(request: HttpRequest) -> None:
    """Update the request's own row early, for a view that reads rows.

    Django may have rotated the key while it looked up the user, and a session from before the
    app was installed has no row yet.
    """
    if SESSION_KEY in request.session:
        _follow(request, request.session, getattr(request, "session_key_before", None))


@_failing_open
def follow_session(request: HttpRequest, session: SessionBase, key_before: str | None) -> None:
    """Write or update the row of a session that the middleware does not see (see ``tokens``)."""
    _follow(request, session, key_before)


@_failing_open
def ask_for_hints(request: HttpRequest, response: HttpResponseBase) -> None:
    """Ask browsers for client hints on pages before the sign-in: system version and model.

    Hints come with the next request, so the sign-in page has to ask for them. An unread session is
    not loaded just to find out whether it is signed in.
    """
    session = getattr(request, "session", None)
    if session is None or not response.get("Content-Type", "").startswith("text/html"):
        return
    is_stranger = SESSION_KEY not in session if session.accessed else session.session_key is None
    if is_stranger:
        asked = response.get("Accept-CH")
        response["Accept-CH"] = f"{asked}, {ACCEPT_CH}" if asked else ACCEPT_CH


def connect() -> None:
    user_logged_in.connect(_on_signed_in, dispatch_uid="sessions_admin.tracking")
    user_logged_out.connect(_on_signed_out, dispatch_uid="sessions_admin.tracking")


@_failing_open
def _on_signed_in(request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Prepare the session for a new row and give it a new key.

    A new login gets a new row even within the same session. Django keeps the key when the same
    person signs in again, but ASVS 7.2.4 requires a new one.
    """
    session = getattr(request, "session", None)
    if session is None:
        return
    marks.remove(session)
    session._signed_in = True
    key = session.session_key
    if key is not None and key == getattr(request, "session_key_before", None):
        session.cycle_key()


def _on_signed_out(request: HttpRequest | None = None, **kwargs: Any) -> None:
    session = getattr(request, "session", None)
    if session is not None:
        session._signed_out = True


def _is_accepted(request: HttpRequest) -> bool:
    """Whether the request counts as signed in, judged by its user if that has been loaded.

    A user that is not loaded yet is not loaded here, which would cost a query.
    """
    user: Any = getattr(request, "user", None)
    if isinstance(user, LazyObject) and user.__dict__["_wrapped"] is empty:
        user = getattr(request, "_acached_user", None)
    return user is None or bool(user.is_authenticated)


def _follow(request: HttpRequest, session: SessionBase, key_before: str | None) -> None:
    mark = Mark.read(session)
    if mark is None:
        start(request, session, key_before)
        return
    account = resolvers.account_of(request)
    is_elsewhere = marks.client_digest(request) != mark.client
    if not mark.names(session.session_key):
        # A session that the view has put in place of the request's own has no ``_came_with``.
        if not mark.names(getattr(session, "_came_with", None)):
            start(request, session, key_before, mark)
            return
        rotate(request, session, mark, account, key_before)
    elif mark.account != (str(account.id) if account else ""):
        switch_account(request, session, mark, account)
    elif not is_elsewhere:
        touch(request, session, mark)
    if is_elsewhere and SESSION_KEY in session:
        touch_from_elsewhere(request, session, Mark.read(session) or mark)


def _end_if_refused(session: SessionBase) -> None:
    """End this session if Django no longer accepts it after the request changed a user."""
    user = get_user_model()._base_manager.filter(pk=session[SESSION_KEY]).first()
    verdict = liveness.verdict_of_data(dict(session.items()), user)
    if verdict and session.session_key:
        ending.end_by_key(session.session_key, reason=verdict)
        session.flush()
