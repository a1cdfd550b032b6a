"""Track each login in one row from its sign-in on, through every change of its session key."""

from sessions_admin.tracking import adoption, ended_notice, labels, tokens
from sessions_admin.tracking.mark import row_of
from sessions_admin.tracking.refusal import admit, in_flight
from sessions_admin.tracking.requests import ask_for_hints, connect, follow, observe
from sessions_admin.tracking.tokens import follow_token, session_of_token

__all__ = [
    "admit",
    "adoption",
    "ask_for_hints",
    "connect",
    "ended_notice",
    "follow",
    "follow_token",
    "in_flight",
    "labels",
    "observe",
    "row_of",
    "session_of_token",
    "tokens",
]
