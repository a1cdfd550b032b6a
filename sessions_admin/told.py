"""What follows when the cookie of an ended session comes back: its browser is told why it ended,
once, and the try is noted on the row.

The session key in the cookie is all the proof there is, and all that is needed: whoever guesses
keys finds no row and is told nothing. Django deletes the cookie with that same answer, so what is
told has to reach the page after it (the sign-in page, mostly) in a signed cookie of our own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial, wraps
from typing import Any, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.messages.storage.base import BaseStorage
from django.db.models import F
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import get_script_prefix, get_urlconf
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
SALT = "sessions_admin.told"
COOKIE_AGE = 600  # seconds from the answer that ended it to the page that tells

# Of other ends nothing is told: people know of their own, and who was deactivated hears it from
# a person.
SENTENCES = {
    Reason.TERMINATED: _("An administrator ended this session on %(date)s at %(time)s."),
    Reason.PASSWORD_CHANGED: _(
        "This session ended on %(date)s at %(time)s, because your password was changed."
    ),
    Reason.REMOVED: _(
        "This session ended on %(date)s at %(time)s, because you left the account it was in."
    ),
    Reason.WRONG_PASSWORDS: _(
        "This session ended on %(date)s at %(time)s, after too many wrong passwords."
    ),
    Reason.SIGNED_OUT_ELSEWHERE: _(
        "You ended this session from another device on %(date)s at %(time)s."
    ),
    Reason.IDLE: _(
        "This session ended on %(date)s at %(time)s, because it had not been used for a while."
    ),
    Reason.TOO_OLD: _(
        "This session ended on %(date)s at %(time)s, because its sign-in was too long ago."
    ),
}

P = ParamSpec("P")


@dataclass(frozen=True)
class EndedSession:
    """The session that this request's cookie named until it ended; as text, a sentence."""

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
            logger.exception("The cookie of an ended session was not looked after")

    return guarded


@_failing_open
def attach(request: HttpRequest) -> None:
    """Before anything else: give the request its ``ended_session``.

    It is an ``EndedSession``, or false. Nothing is looked up until somebody asks; whoever asks
    and makes a page of it has told.
    """
    presented: Any = request
    presented.key_presented = getattr(getattr(request, "session", None), "session_key", None)
    presented.ended_session = SimpleLazyObject(partial(_ended_session, request))


@_failing_open
def hand_over(request: HttpRequest) -> None:
    """Before the view: leave it to the messages framework, where there is one, to tell."""
    if not _is_navigation(request) or not (COOKIE in request.COOKIES or _asks_to_sign_in(request)):
        return
    ended: Any = request.ended_session  # type: ignore[attr-defined]
    if ended and isinstance(messages.get_messages(request), BaseStorage):
        messages.info(request, str(ended))
        request._was_told = True  # type: ignore[attr-defined]


@_failing_open
def settle(request: HttpRequest, response: HttpResponseBase) -> None:
    """After the view: note the try, and see that what was not told yet is told next."""
    told = _was_told(request, response)
    if COOKIE in request.COOKIES and (told or _is_settled(request, response)):
        response.delete_cookie(COOKIE, **_cookie_options("path", "domain", "samesite"))
    if _is_over(request) and (row := _row(request)) is not None:
        if not told and row.end_reason in SENTENCES:
            _carry(row, response)
        _note_try(request, row)


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
    return EndedSession(reason, datetime.fromtimestamp(int(moment), UTC))


def _carry(row: TrackedSession, response: HttpResponseBase) -> None:
    """Have the browser bring along, with its next request, what it is to be told."""
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
    """What the project says of the session cookie holds for this one, too."""
    return {name: getattr(settings, f"SESSION_COOKIE_{name.upper()}") for name in names}


def _row(request: HttpRequest) -> Any:
    """The ended row of the key that the request came with; asked for once a request."""
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
    ).only("pk", "end_reason", "ended_at", "ip_address", "user_agent", "sightings")
    try:
        return ended.first()
    except Exception:
        logger.exception("An ended session could not be looked up")
        return None


def _is_kept(request: HttpRequest, key: str) -> bool:
    """Whether the store has a session under this key, be it of somebody or of nobody."""
    session = request.session
    return bool(session.keys()) and session.session_key == key


def _is_over(request: HttpRequest) -> bool:
    """Whether the request came with a key that its answer no longer treats as signed in.

    A session that nobody looked at, and that was not turned away either, is left unasked.
    """
    key, session = getattr(request, "key_presented", None), getattr(request, "session", None)
    if not key or session is None:
        return False
    if getattr(session, "_signed_out", False) or getattr(session, "_user_changed", False):
        # Ended by this very request.
        return False
    looked_at = session.accessed or session.session_key != key
    return looked_at and SESSION_KEY not in session


def _note_try(request: HttpRequest, row: TrackedSession) -> None:
    """Two statements at most, whatever comes: a flood of tries makes no rows.

    Once it was tried from elsewhere, its own browser, which comes back too, counts but does not
    cover that trace.
    """
    client = client_of(request)
    rows = TrackedSession.objects.filter(pk=row.pk)
    count = {"tried_again": F("tried_again") + 1}
    trace = {
        "tried_again_at": timezone.now(),
        "tried_again_ip": client.ip_address,
        "tried_again_user_agent": client.user_agent,
        "is_masked": False,
    }
    if not any(known.is_from(client) for known in (row, *row.elsewhere)):
        rows.update(**count, **trace, was_tried_elsewhere=True)
    elif not rows.filter(was_tried_elsewhere=False).update(**count, **trace):
        rows.update(**count)


def _was_told(request: HttpRequest, response: HttpResponseBase) -> bool:
    ended: Any = getattr(request, "ended_session", None)
    was_read = ended is not None and ended.__dict__["_wrapped"] is not empty
    return getattr(request, "_was_told", False) or (was_read and _is_page(response))


def _is_settled(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether there is nothing to tell any more: a page was shown, or somebody has signed in."""
    session = getattr(request, "session", None)
    is_signed_in = session is not None and session.accessed and SESSION_KEY in session
    return is_signed_in or (_is_navigation(request) and _is_page(response))


def _is_page(response: HttpResponseBase) -> bool:
    return not 300 <= response.status_code < 400


def _is_navigation(request: HttpRequest) -> bool:
    """Whether a person is about to look at what comes back: no image, script, fetch or prefetch."""
    said = request.META  # Every request comes here; making ``headers`` of it takes its time.
    if request.method != "GET" or "prefetch" in said.get("HTTP_SEC_PURPOSE", ""):
        return False
    if mode := said.get("HTTP_SEC_FETCH_MODE"):
        return bool(mode == "navigate")
    return "text/html" in said.get("HTTP_ACCEPT", "text/html")


def _asks_to_sign_in(request: HttpRequest) -> bool:
    came_with_key = getattr(request, "key_presented", None)
    if not came_with_key:
        return False
    depends_on = (get_urlconf() or settings.ROOT_URLCONF, get_script_prefix(), get_language())
    return request.path == _sign_in_path(str(settings.LOGIN_URL), depends_on)


@lru_cache
def _sign_in_path(url: str, _depends_on: tuple[Any, ...]) -> str:
    """Kept, since every request asks."""
    return resolve_url(url)
