"""The ended-session notice: why a session ended, shown once to the browser that still has its key.

The reuse of the key is also counted on the row. The key in the cookie is the only proof needed: a
guessed key matches no row and gets no notice. Django deletes the session cookie with the same
response, so the notice reaches the next page (usually the sign-in page) in a signed cookie. It is
never stored among Django's messages, from where an unrelated page could show it later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from itertools import chain
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.messages.storage.base import BaseStorage, Message
from django.db.models import F
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf
from django.utils import timezone
from django.utils.functional import SimpleLazyObject, empty
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from sessions_admin import conf, engines, moments
from sessions_admin.client import client_of
from sessions_admin.models import TrackedSession
from sessions_admin.tracking.fail_open import failing_open

logger = logging.getLogger(__name__)

Reason = TrackedSession.EndReason

COOKIE = "sessions_admin_ended"
SALT = "sessions_admin.ended_notice"
COOKIE_AGE = 600  # seconds from the response that refused the session to the page with the notice
# Seconds in which any page counts as the one that the refused request led to. Later, only the
# sign-in page, or one that asks for ``request.ended_session``, shows the notice.
REDIRECT_AGE = 30

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

NOT_HANDLED = "The cookie of an ended session could not be handled"


@dataclass(frozen=True)
class EndedSession:
    """The ended session of this request's cookie; as text, the sentence of the notice."""

    reason: str
    ended_at: datetime

    def __str__(self) -> str:
        return str(SENTENCES[Reason(self.reason)]) % moments.on_at(self.ended_at)


@failing_open(NOT_HANDLED)
def attach(request: HttpRequest) -> None:
    """Before the view: set ``request.ended_session``, an ``EndedSession`` or a false value.

    It is looked up on first use. A page that has used it is considered to have shown the notice.
    """
    ended = SimpleLazyObject(partial(_ended_session, request))
    request.ended_session = ended  # type: ignore[attr-defined]


@failing_open(NOT_HANDLED)
def hand_over(request: HttpRequest) -> None:
    """Before the view: let a page that shows Django's messages show the notice as the first."""
    came_with_key = getattr(request, "key_presented", None)
    if not _is_navigation(request) or not (came_with_key or COOKIE in request.COOKIES):
        return
    found: Any = messages.get_messages(request)
    if isinstance(found, BaseStorage):
        storage: Any = found
        storage.__class__ = _with_notice(storage.__class__)
        storage.found_notice = partial(_notice_of, request)


class _Notice:
    """A mixin for message storages that begins with the notice, but never stores it."""

    found_notice: Callable[[], EndedSession | None]
    has_shown_notice = False

    def __iter__(self) -> Iterator[Message]:
        stored: Iterator[Message] = super().__iter__()  # type: ignore[misc]
        if not (ended := self.found_notice()):
            return stored
        self.has_shown_notice = True
        return chain([Message(messages.INFO, str(ended))], stored)

    def __len__(self) -> int:
        stored: int = super().__len__()  # type: ignore[misc]
        return stored + bool(self.found_notice())


@lru_cache
def _with_notice(storage: type) -> type:
    return type(storage.__name__, (_Notice, storage), {"__module__": storage.__module__})


def _notice_of(request: HttpRequest) -> EndedSession | None:
    """Return the notice for the page that is being made, or ``None``; looked up once."""
    asked: Any = request
    if not hasattr(asked, "_notice"):
        asked._notice = _find_notice(request)
    found: EndedSession | None = asked._notice
    return found


def _find_notice(request: HttpRequest) -> EndedSession | None:
    """Look the notice up; errors break no page."""
    try:
        is_sign_in_page = _is_sign_in_page(request)
        carried = _carried(request, COOKIE_AGE if is_sign_in_page else REDIRECT_AGE)
        return carried or (_found(request) if is_sign_in_page or _is_over(request) else None)
    except Exception:
        logger.exception("The notice of an ended session could not be shown")
        return None


@failing_open(NOT_HANDLED)
def settle(request: HttpRequest, response: HttpResponseBase) -> None:
    """After the view: count the reuse, and set the cookie for a notice not shown yet."""
    is_shown = _is_shown(request, response)
    if COOKIE in request.COOKIES and (is_shown or _is_signed_in(request)):
        response.delete_cookie(COOKIE, **_cookie_options("path", "domain", "samesite"))
    if _is_over(request) and (row := _row(request)) is not None:
        if not is_shown and row.end_reason in SENTENCES:
            _carry(row, response)
        _note_reuse(request, row)


def _ended_session(request: HttpRequest) -> EndedSession | None:
    return _carried(request, COOKIE_AGE) or _found(request)


def _found(request: HttpRequest) -> EndedSession | None:
    """Return what is on record about the key that the request was sent with."""
    row = _row(request)
    if row is None or row.ended_at is None or row.end_reason not in SENTENCES:
        return None
    return EndedSession(row.end_reason, row.ended_at)


def _carried(request: HttpRequest, max_age: int) -> EndedSession | None:
    value = request.get_signed_cookie(COOKIE, default=None, salt=SALT, max_age=max_age)
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
    if not key or not conf.current().track or _is_kept(request, key):
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
    key = getattr(request, "key_presented", None)
    session = getattr(request, "session", None)
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
    in_messages = getattr(messages.get_messages(request), "has_shown_notice", False)
    is_page = not 300 <= response.status_code < 400
    return is_page and (was_read or in_messages)


def _is_signed_in(request: HttpRequest) -> bool:
    session = getattr(request, "session", None)
    return session is not None and session.accessed and SESSION_KEY in session


def _is_navigation(request: HttpRequest) -> bool:
    """Whether the browser is opening a page: no image, script, fetch or prefetch."""
    meta = request.META  # This runs on every request, and building ``headers`` is slow.
    if request.method != "GET" or "prefetch" in meta.get("HTTP_SEC_PURPOSE", ""):
        return False
    if mode := meta.get("HTTP_SEC_FETCH_MODE"):
        return bool(mode == "navigate")
    return "text/html" in meta.get("HTTP_ACCEPT", "text/html")


def _is_sign_in_page(request: HttpRequest) -> bool:
    depends_on = (get_urlconf() or settings.ROOT_URLCONF, get_script_prefix(), get_language())
    return request.path == _sign_in_path(str(settings.LOGIN_URL), depends_on)


@lru_cache
def _sign_in_path(url: str, _depends_on: tuple[Any, ...]) -> str:
    """Return the path of LOGIN_URL, empty if it names no page; cached, as many pages need it."""
    try:
        return resolve_url(url)
    except NoReverseMatch:
        # A system check reports it.
        return ""
