"""The steps for sessions whose key comes in a header instead of the session cookie.

The middleware does not see them: ``request.session`` is another one before and after the view.
"""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_out
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils import timezone

from sessions_admin import ending, engines
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import requests, throttle
from sessions_admin.tracking.activity import Expiry
from sessions_admin.tracking.logins import OWN_ENDS, open_row
from sessions_admin.tracking.mark import Mark

logger = logging.getLogger(__name__)


def session_of_token(token: str) -> SessionBase | None:
    """Return the session whose key a request's token is, or ``None`` if it has ended."""
    engine = engines.current()
    session: Any = engine.store(token)
    session._came_with = session._is_by_token = token
    try:
        looks_up_refusal = engine.guard(session)
        if "\0" in token or (not looks_up_refusal and engine.is_refused(token)):
            return None
        mark = Mark.read(session)
        if mark is not None and not mark.names(token) and _has_ended(mark):
            return None
        if mark is not None:
            _touch(session, mark)
    except Exception:
        logger.exception("This session is not tracked for now")
    # Loading it has removed the key if it is not in the store.
    return session if session.session_key else None


def follow_token(request: HttpRequest, *, token_before: str | None) -> None:
    """Write or update the row of ``request.session``, which the request signs in or changes."""
    if SESSION_KEY in request.session:
        requests.follow_session(request, request.session, token_before)


def connect() -> None:
    user_logged_out.connect(_on_signed_out, dispatch_uid="sessions_admin.tracking.tokens")


def _has_ended(mark: Mark) -> bool:
    """Whether the row of a session whose key was rotated elsewhere has ended."""
    ended = TrackedSession.objects.filter(public_id=mark.row, ended_at__isnull=False)
    return ended.exclude(end_reason__in=TrackedSession.PASSING_REASONS | OWN_ENDS).exists()


def _touch(session: SessionBase, mark: Mark) -> None:
    """Update *Last active* if that is due."""
    now = timezone.now()
    if throttle.is_due(mark.row, now):
        expiry = Expiry.of(session, mark).at
        changed = {"last_seen_at": now} | ({"expires_at": expiry} if expiry else {})
        open_row(session, mark).update(**changed)


def _on_signed_out(request: HttpRequest | None = None, **kwargs: object) -> None:
    key = getattr(getattr(request, "session", None), "_is_by_token", None)
    if key:
        try:
            ending.end_by_key(key, reason=TrackedSession.EndReason.SIGNED_OUT)
        except Exception:
            logger.exception("The end of a session could not be noted; the sweep will")
