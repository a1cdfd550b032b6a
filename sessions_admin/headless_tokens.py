"""Track the app sessions of allauth's headless API, which have a token instead of a cookie.

They are ordinary sessions, and the token is their key. Requests with it replace
``request.session`` only during the view, so the middleware does not see them. Set
``HEADLESS_TOKEN_STRATEGY = "sessions_admin.headless_tokens.TrackedSessionTokenStrategy"``.
"""

from __future__ import annotations

from typing import Any

# The base class: the module of allauth's own strategy imports models.
from allauth.headless.tokens.strategies.base import AbstractTokenStrategy
from django.http import HttpRequest

from sessions_admin import tracking


class TrackedSessionTokenStrategy(AbstractTokenStrategy):  # type: ignore[misc]  # untyped
    """Like allauth's ``SessionTokenStrategy``; tracks the sessions and refuses ended ones."""

    tracks_sessions = True

    def create_session_token(self, request: HttpRequest) -> str:
        """Return the key of the session, after it has got its row if it is signed in."""
        session = request.session
        if not session.session_key:
            session.save()
        tracking.follow_token(request, token_before=self.get_session_token(request))
        if not session.session_key:
            # It has been refused.
            session.save()
        return session.session_key or ""

    def lookup_session(self, session_token: str) -> Any:
        return tracking.session_of_token(session_token)
