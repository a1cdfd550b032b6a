"""The demo's past: sign-ins of earlier weeks, whose sessions are over, and what admins ended."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import timedelta

from accounts.models import User
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.people import label_of
from sessions_admin.querysets import Filters
from sessions_admin.termination import actions

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
SHORTEST = timedelta(minutes=40)
# What admins have ended: of whom, how many sessions, who did it, and why.
ENDED = (
    ("Petra Zupan", 1, "Tomaž Novak", "Laptop left on the train"),
    ("Luca Moretti", 3, "Lena Hofer", "Clicked a link in a phishing email"),
    ("Aino Virtanen", 2, "Ingrid Solberg", "Password shared by email"),
)
# One of these cookies was used again from elsewhere, and an admin has looked at that.
REUSED = "Luca Moretti", "203.0.113.54", "curl/8.14.1"
OWN = ("id", "public_id", "session_key", "key_digest", "created_at", "last_seen_at", "expires_at")


def write(sessions: Iterable[TrackedSession]) -> None:
    """Write two earlier records of each session that raises no flag and has not moved."""
    rng = random.Random("Login records")  # noqa: S311  (the same demo for everybody)
    usual = [each for each in sessions if not (each.flags or each.other_origins)]
    TrackedSession.objects.bulk_create(_earlier(each, rng) for each in usual for _ in range(2))
    for name, number, admin, reason in ENDED:
        past = TrackedSession.objects.over().filter(user__name=name)
        _terminate(list(past.newest_first()[:number]), User.objects.get(name=admin), reason)
    name, ip_address, user_agent = REUSED
    reused = TrackedSession.objects.filter(user__name=name, end_reason=Reason.TERMINATED)
    for row in reused.newest_first()[:1]:
        row.reuse_count, row.was_reused_elsewhere = 2, True
        row.reused_ip, row.reused_user_agent = ip_address, user_agent
        row.reused_at = row.reuse_seen_at = row.ended_at + SHORTEST
        row.save()


def _terminate(rows: Sequence[TrackedSession], admin: User, reason: str) -> None:
    """Record that this admin ended these sessions of one person."""
    (newest, *others) = rows
    at = newest.last_seen_at + SHORTEST
    filters = Filters(user=str(newest.user_id)) if others else Filters()
    chosen = {"user": newest.user_label}
    action = actions.one(newest)
    if others:
        action = actions.everything([newest.account_name], filters, chosen)
    termination = Termination.objects.create(
        actor=admin,
        actor_label=label_of(admin),
        created_at=at,
        finished_at=at,
        scope=str(action),
        action=asdict(action),
        account_ids=[newest.account_id],
        filters=asdict(filters),
        reason=reason,
        requested=len(rows),
        ended=len(rows),
    )
    for row in rows:
        row.ended_at, row.end_reason, row.termination = at, Reason.TERMINATED, termination
        row.last_seen_at, row.expires_at = min(row.last_seen_at, at), max(row.expires_at, at)
        row.save()


def _earlier(session: TrackedSession, rng: random.Random) -> TrackedSession:
    """Return the record of a sign-in of the same person on the same device, some weeks before."""
    kept = {
        field.attname: getattr(session, field.attname)
        for field in session._meta.concrete_fields
        if not field.generated and field.name not in OWN
    }
    (reason,) = rng.choices(list(REASONS), list(REASONS.values()))
    created_at = session.created_at - LIFE - OLDEST * rng.random() ** 2
    life = LIFE if reason == Reason.EXPIRED else SHORTEST + LIFE * rng.random() ** 3
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
