"""The demo's sign-ins of earlier weeks, whose sessions are over: history for the login records."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable
from datetime import timedelta

from sessions_admin.models import TrackedSession

Reason = TrackedSession.EndReason
# How often the sessions ended in each way.
REASONS = {
    Reason.SIGNED_OUT: 12,
    Reason.EXPIRED: 8,
    Reason.REPLACED: 4,
    Reason.SIGNED_OUT_ELSEWHERE: 2,
    Reason.IDLE: 2,
    Reason.PASSWORD_CHANGED: 1,
}
OLDEST = timedelta(days=90)
LIFE = timedelta(days=14)
OWN = ("id", "public_id", "session_key", "key_digest", "created_at", "last_seen_at", "expires_at")


def write(sessions: Iterable[TrackedSession]) -> None:
    """Write two earlier records of each session that raises no flag and has not moved."""
    rng = random.Random("Login records")  # noqa: S311  (the same demo for everybody)
    usual = [each for each in sessions if not (each.flags or each.other_origins)]
    TrackedSession.objects.bulk_create(_earlier(each, rng) for each in usual for _ in range(2))


def _earlier(session: TrackedSession, rng: random.Random) -> TrackedSession:
    """Return the record of a sign-in of the same person on the same device, some weeks before."""
    kept = {
        field.attname: getattr(session, field.attname)
        for field in session._meta.concrete_fields
        if not field.generated and field.name not in OWN
    }
    (reason,) = rng.choices(list(REASONS), list(REASONS.values()))
    created_at = session.created_at - LIFE - OLDEST * rng.random() ** 2
    life = LIFE if reason == Reason.EXPIRED else LIFE * rng.random() ** 3
    return TrackedSession(
        **kept
        | {
            "public_id": uuid.UUID(int=rng.getrandbits(128), version=4),
            "created_at": created_at,
            "last_seen_at": created_at + life * rng.random(),
            "expires_at": created_at + LIFE,
            "ended_at": created_at + life,
            "end_reason": reason,
        }
    )
