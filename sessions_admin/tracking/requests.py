"""The steps of the middleware after each view: bring the row of the session up to date.

Middleware before ours may change the session after ``observe``; that is dealt with when the session
is saved.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import LazyObject, empty

from sessions_admin import conf, ending, liveness, resolvers
from sessions_admin.client import ACCEPT_CH
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import mark as marks
from sessions_admin.tracking import prepared
from sessions_admin.tracking.activity import touch, touch_from_elsewhere
from sessions_admin.tracking.fail_open import failing_open
from sessions_admin.tracking.logins import rotate, start, switch_account
from sessions_admin.tracking.mark import Mark
from sessions_admin.tracking.refusal import in_flight

logger = logging.getLogger(__name__)

Reason = TrackedSession.EndReason
NOT_TRACKED = "This session is not tracked for now"


@failing_open(NOT_TRACKED)
def observe(request: HttpRequest, response: HttpResponseBase, *, key_before: str | None) -> None:
    """After the view: update the row with what the request did to its session.

    ``key_before`` is the session key that the request was sent with.
    """
    in_flight.set(None)
    session = getattr(request, "session", None)
    if session is None:
        return
    # Django does not save the session with a response of 500 or above.
    is_saved = response.status_code < 500
    if not conf.current().track:
        return
    if session.accessed:
        if SESSION_KEY not in session:
            if getattr(session, "_signed_out", False) and key_before:
                _end_signed_out(session, key_before)
        elif is_saved and _is_accepted(request):
            _follow(request, session, key_before)
            if getattr(session, "_user_changed", False):
                _end_if_refused(session)
    _watch(request, session, _state(session) if session.accessed and is_saved else None)


def _watch(request: HttpRequest, session: Any, known: tuple[Any, ...] | None) -> None:
    """Update the row again if the session is saved in another state than ``known``.

    Other middleware may extend its life or rotate its key after ours, and so may a response that
    is streamed.
    """
    if known:
        session._came_with = session.session_key
    session.before_save = partial(_follow_save, request, session, known)


@failing_open(NOT_TRACKED)
def _follow_save(request: HttpRequest, session: Any, known: tuple[Any, ...] | None) -> None:
    """Before the session is saved after ``observe``: update its row if the session has changed."""
    session.before_save = None
    if _state(session) != known and SESSION_KEY in session and _is_accepted(request):
        session.modified = True
        _follow(request, session, session._came_with)
    _watch(request, session, _state(session))


def _state(session: SessionBase) -> tuple[Any, ...]:
    """Return what rows record of a session: its key, user and expiry, and whether it is saved."""
    return (
        session.session_key,
        session.get(SESSION_KEY),
        session.get("_session_expiry"),
        marks.is_saved(session),
    )


@failing_open(NOT_TRACKED)
def follow(request: HttpRequest) -> None:
    """Update the request's own row early, for a view that reads rows.

    Django may have rotated the key while it looked up the user, and a session from before the
    app was installed has no row yet.
    """
    if conf.current().track and SESSION_KEY in request.session:
        _follow(request, request.session, getattr(request, "session_key_before", None))


@failing_open(NOT_TRACKED)
def follow_session(request: HttpRequest, session: SessionBase, key_before: str | None) -> None:
    """Write or update the row of a session that the middleware does not see (see ``tokens``)."""
    _follow(request, session, key_before)


@failing_open(NOT_TRACKED)
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


@failing_open(NOT_TRACKED)
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
    if key is None:
        return
    came_with: Any = request
    if not hasattr(request, "session_key_before"):
        prepared.prepare(session)
    elif key == came_with.session_key_before:
        session.cycle_key()


def _on_signed_out(request: HttpRequest | None = None, **kwargs: Any) -> None:
    session = getattr(request, "session", None)
    if session is None:
        return
    session._signed_out = True
    session._was_signed_in = SESSION_KEY in session
    if getattr(session, "before_save", None) and session.session_key:
        # After ``observe``, by a middleware before ours.
        _end_signed_out(session, session.session_key)


def _end_signed_out(session: SessionBase, key: str) -> None:
    """End the session with this key, unless the key is made up.

    Anybody can send a sign-out with any key. Each key refused takes space for weeks in the cache,
    or a file.
    """
    was_signed_in = getattr(session, "_was_signed_in", False)
    if was_signed_in or TrackedSession.objects.filter(session_key=key).exists():
        ending.end_by_key(key, reason=Reason.SIGNED_OUT)


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
    if prepared.is_waiting(session, mark):
        prepared.begin(request, session, mark, account)
        return
    is_elsewhere = marks.client_digest(request) != mark.client
    if not mark.names(session.session_key):
        # A session that the view has put in place of the request's own has no ``_came_with``.
        if not mark.names(getattr(session, "_came_with", None)):
            start(request, session, key_before, mark)
            return
        rotate(request, session, mark, account, key_before)
    elif account is not None and mark.account != str(account.id):
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
