"""Track the app sessions of allauth's headless API, which have a token instead of a cookie.

They are ordinary sessions, and the token is their key. Requests with it replace
``request.session`` only during the view, so the middleware does not see them. Set
``HEADLESS_TOKEN_STRATEGY = "sessions_admin.headless_tokens.TrackedSessionTokenStrategy"``.
"""

from __future__ import annotations

from typing import Any

from allauth.headless.tokens.strategies.sessions import SessionTokenStrategy
from django.http import HttpRequest

from sessions_admin import tracking


class TrackedSessionTokenStrategy(SessionTokenStrategy):
    """allauth's own strategy, which in addition tracks the sessions and refuses ended ones."""

    tracks_sessions = True

    def create_session_token(self, request: HttpRequest) -> str:
        """Return the token, after the session that is signed in with it has got its row."""
        super().create_session_token(request)
        tracking.follow_token(request, token_before=self.get_session_token(request))
        # The session may have a new key, or have been refused.
        return super().create_session_token(request)

    def lookup_session(self, session_token: str) -> Any:
        session = super().lookup_session(session_token)
        return None if session is None else tracking.admit_token(session)
