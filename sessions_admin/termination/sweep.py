"""End the rows of sessions that have silently disappeared from the session store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from sessions_admin import ending, engines, liveness
from sessions_admin.models import TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.tracking import labels

# A request that signs in or rotates its key writes the row first and the store just after, so rows
# written within this time are left to the next sweep.
SETTLING = timedelta(minutes=1)
# Longer than it takes until the next sweep.
EXPIRING = timedelta(hours=1)


def settled() -> TrackedSessionQuerySet:
    """Return the open rows that no request is likely to be writing now.

    Includes rows with a time in the future, which means that the clock was set back.
    """
    now = timezone.now()
    writing = Q(last_seen_at__range=(now - SETTLING, now + SETTLING))
    return TrackedSession.objects.filter(ended_at=None).exclude(writing)


def reconcile(rows: Sequence[TrackedSession], *, dry_run: bool = False) -> Counter[str]:
    """End the rows whose session is no longer active; return how many, by reason.

    Skips rows that a request may be writing now. Also renews the labels of people who were renamed
    (see ``tracking.labels``), and the expiries of sessions that were extended outside the
    middleware. Raises liveness.StoreUnavailableError.
    """
    verdicts = liveness.verdicts([row for row in rows if not _is_settling(row)])
    if dry_run:
        return Counter(verdicts.values())
    labels.renew(rows)
    _renew_expiries([row for row in rows if row not in verdicts])
    ended: Counter[str] = Counter()
    for reason in set(verdicts.values()):
        found = [row for row, verdict in verdicts.items() if verdict == reason]
        result = ending.end_by_verdict(found, reason)
        if result.is_away:
            raise liveness.StoreUnavailableError from result.error
        ended[reason] += result.ended + result.already_gone
    return +ended


def _renew_expiries(rows: Sequence[TrackedSession]) -> None:
    """Write the store's expiry into rows that are about to leave the list too early.

    Another site on the same store, a WebSocket or a command may extend a session, which its row
    learns from the session's next request only.
    """
    soon = timezone.now() + EXPIRING
    due = {row.session_key: row for row in rows if row.session_key and row.expires_at <= soon}
    if not due:
        return
    for key, stored in engines.current().expiries(list(due)).items():
        row = due[key]
        if stored > row.expires_at:
            unchanged = TrackedSession.objects.filter(pk=row.pk, expires_at=row.expires_at)
            unchanged.update(expires_at=stored)


def _is_settling(row: TrackedSession) -> bool:
    """Whether a request may be writing this row; the sweep may have read it minutes ago."""
    return abs(timezone.now() - row.last_seen_at) <= SETTLING
