"""The ended-session notice: why a session ended, shown once to the browser that still has its key.

The reuse of the key is also counted on the row. The key in the cookie is the only proof needed: a
guessed key matches no row and gets no notice. Django deletes the session cookie with the same
response, so the notice reaches the next page (usually the sign-in page) in a signed cookie.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial, wraps
from typing import Any, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.messages.storage.base import BaseStorage
from django.db.models import F
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf
from django.utils import timezone
from django.utils.functional import SimpleLazyObject, empty
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from sessions_admin import engines, moments
from sessions_admin.client import client_of
from sessions_admin.models import TrackedSession

logger = logging.getLogger(__name__)

Reason = TrackedSession.EndReason

COOKIE = "sessions_admin_ended"
SALT = "sessions_admin.ended_notice"
COOKIE_AGE = 600  # seconds from the response that refused the session to the page with the notice

# Other end reasons need no notice: people know when they sign out, and a deactivated user is
# informed by their organisation.
SENTENCES = {
    Reason.TERMINATED: _(
        "An administrator signed you out on %(date)s at %(time)s. Sign in to continue, or contact "
        "your administrator."
    ),
    Reason.PASSWORD_CHANGED: _(
        "You were signed out on %(date)s at %(time)s because your password was changed."
    ),
    Reason.REMOVED: _(
        "You were signed out on %(date)s at %(time)s because you no longer belong to this account."
    ),
    Reason.WRONG_PASSWORDS: _(
        "You were signed out on %(date)s at %(time)s after too many incorrect passwords."
    ),
    Reason.SIGNED_OUT_ELSEWHERE: _(
        "You signed this device out from another device on %(date)s at %(time)s."
    ),
    Reason.IDLE: _("You were signed out on %(date)s at %(time)s after a period of inactivity."),
    Reason.TOO_OLD: _("Your session expired on %(date)s at %(time)s. Please sign in again."),
}

P = ParamSpec("P")


@dataclass(frozen=True)
class EndedSession:
    """The ended session of this request's cookie; as text, the sentence of the notice."""

    reason: str
    ended_at: datetime

    def __str__(self) -> str:
        return str(SENTENCES[Reason(self.reason)]) % moments.on_at(self.ended_at)


def _failing_open(step: Callable[P, None]) -> Callable[P, None]:
    @wraps(step)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            step(*args, **kwargs)
        except Exception:
            logger.exception("The cookie of an ended session could not be handled")

    return guarded


@_failing_open
def attach(request: HttpRequest) -> None:
    """Before anything else: set ``request.ended_session``, an ``EndedSession`` or a false value.

    It is looked up on first use. A page that has used it is considered to have shown the notice.
    """
    presented: Any = request
    presented.key_presented = getattr(getattr(request, "session", None), "session_key", None)
    presented.ended_session = SimpleLazyObject(partial(_ended_session, request))


@_failing_open
def hand_over(request: HttpRequest) -> None:
    """Before the view: add the notice to Django's messages, if the project uses them."""
    if not _is_navigation(request) or not (COOKIE in request.COOKIES or _asks_to_sign_in(request)):
        return
    ended: Any = request.ended_session  # type: ignore[attr-defined]
    if ended and isinstance(messages.get_messages(request), BaseStorage):
        messages.info(request, str(ended))
        request._notice_given = True  # type: ignore[attr-defined]


@_failing_open
def settle(request: HttpRequest, response: HttpResponseBase) -> None:
    """After the view: count the reuse, and set the cookie for a notice not shown yet."""
    is_shown = _is_shown(request, response)
    if COOKIE in request.COOKIES and (is_shown or _is_obsolete(request, response)):
        response.delete_cookie(COOKIE, **_cookie_options("path", "domain", "samesite"))
    if _is_over(request) and (row := _row(request)) is not None:
        if not is_shown and row.end_reason in SENTENCES:
            _carry(row, response)
        _note_reuse(request, row)


def _ended_session(request: HttpRequest) -> EndedSession | None:
    if (carried := _carried(request)) is not None:
        return carried
    row = _row(request)
    if row is None or row.ended_at is None or row.end_reason not in SENTENCES:
        return None
    return EndedSession(row.end_reason, row.ended_at)


def _carried(request: HttpRequest) -> EndedSession | None:
    value = request.get_signed_cookie(COOKIE, default=None, salt=SALT, max_age=COOKIE_AGE)
    reason, _, moment = (value or "").partition(" ")
    if reason not in SENTENCES:
        return None
    return EndedSession(reason, moments.from_unix(int(moment)))


def _carry(row: TrackedSession, response: HttpResponseBase) -> None:
    """Store the notice in a cookie for the next request."""
    ended_at = row.ended_at or timezone.now()
    response.set_signed_cookie(
        COOKIE,
        f"{row.end_reason} {int(ended_at.timestamp())}",
        salt=SALT,
        max_age=COOKIE_AGE,
        httponly=True,
        **_cookie_options("path", "domain", "secure", "samesite"),
    )


def _cookie_options(*names: str) -> dict[str, Any]:
    """Return the project's options for the session cookie, which this cookie uses, too."""
    return {name: getattr(settings, f"SESSION_COOKIE_{name.upper()}") for name in names}


def _row(request: HttpRequest) -> Any:
    """Return the ended row of the key that the request was sent with; looked up once."""
    asked: Any = request
    if not hasattr(asked, "_ended_row"):
        asked._ended_row = _find_row(request)
    return asked._ended_row


def _find_row(request: HttpRequest) -> TrackedSession | None:
    key = getattr(request, "key_presented", None)
    if not key or _is_kept(request, key):
        return None
    ended = TrackedSession.objects.filter(
        key_digest=engines.digest(key), ended_at__isnull=False
    ).only("pk", "end_reason", "ended_at", "ip_address", "user_agent", "other_origins")
    try:
        return ended.first()
    except Exception:
        logger.exception("An ended session could not be looked up")
        return None


def _is_kept(request: HttpRequest, key: str) -> bool:
    """Whether the request's session is still stored under this key, signed in or not."""
    session = request.session
    return bool(session.keys()) and session.session_key == key


def _is_over(request: HttpRequest) -> bool:
    """Whether the request was sent with a session key that is not signed in any more.

    A session that was neither read nor refused is not loaded for this.
    """
    key, session = getattr(request, "key_presented", None), getattr(request, "session", None)
    if not key or session is None:
        return False
    if getattr(session, "_signed_out", False) or getattr(session, "_user_changed", False):
        # Ended by this request itself.
        return False
    was_read = session.accessed or session.session_key != key
    return was_read and SESSION_KEY not in session


def _note_reuse(request: HttpRequest, row: TrackedSession) -> None:
    """Count the reuse and store its origin, in at most two statements and without a new row.

    Once a reuse came from another origin, that origin is kept: later reuse by the session's own
    browser is counted but does not overwrite it.
    """
    client = client_of(request)
    rows = TrackedSession.objects.filter(pk=row.pk)
    count = {"reuse_count": F("reuse_count") + 1}
    trace = {
        "reused_at": timezone.now(),
        "reused_ip": client.ip_address,
        "reused_user_agent": client.user_agent,
        "is_masked": False,
    }
    if not any(known.is_from(client) for known in (row, *row.elsewhere)):
        rows.update(**count, **trace, was_reused_elsewhere=True)
    elif not rows.filter(was_reused_elsewhere=False).update(**count, **trace):
        rows.update(**count)


def _is_shown(request: HttpRequest, response: HttpResponseBase) -> bool:
    ended: Any = getattr(request, "ended_session", None)
    was_read = ended is not None and ended.__dict__["_wrapped"] is not empty
    return getattr(request, "_notice_given", False) or (was_read and _is_page(response))


def _is_obsolete(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether the notice is no longer needed: its page was shown, or somebody has signed in."""
    session = getattr(request, "session", None)
    is_signed_in = session is not None and session.accessed and SESSION_KEY in session
    return is_signed_in or (_is_navigation(request) and _is_page(response))


def _is_page(response: HttpResponseBase) -> bool:
    return not 300 <= response.status_code < 400


def _is_navigation(request: HttpRequest) -> bool:
    """Whether the browser is opening a page: no image, script, fetch or prefetch."""
    meta = request.META  # This runs on every request, and building ``headers`` is slow.
    if request.method != "GET" or "prefetch" in meta.get("HTTP_SEC_PURPOSE", ""):
        return False
    if mode := meta.get("HTTP_SEC_FETCH_MODE"):
        return bool(mode == "navigate")
    return "text/html" in meta.get("HTTP_ACCEPT", "text/html")


def _asks_to_sign_in(request: HttpRequest) -> bool:
    came_with_key = getattr(request, "key_presented", None)
    if not came_with_key:
        return False
    depends_on = (get_urlconf() or settings.ROOT_URLCONF, get_script_prefix(), get_language())
    return request.path == _sign_in_path(str(settings.LOGIN_URL), depends_on)


@lru_cache
def _sign_in_path(url: str, _depends_on: tuple[Any, ...]) -> str:
    """Return the path of LOGIN_URL, empty if it names no page; cached as all requests need it."""
    try:
        return resolve_url(url)
    except NoReverseMatch:
        # A system check reports it.
        return ""
