"""Ends sessions: their rows and their store entries together.

Terminating, signing out, the watch on users and the sweep all come here.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from sessions_admin import engines, signals
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet

logger = logging.getLogger(__name__)

Reason = TrackedSession.EndReason


def end(rows: TrackedSessionQuerySet, *, reason: TrackedSession.EndReason) -> tuple[int, int]:
    """End up to a few hundred rows and their sessions; on an error, none of them.

    Returns how many were signed in until now, and how many had ended before.
    """
    return end_by_pk(list(rows.values_list("pk", flat=True)), reason=reason)


def end_by_pk(
    pks: Sequence[int],
    *,
    reason: TrackedSession.EndReason,
    termination: Termination | None = None,
) -> tuple[int, int]:
    """End the rows with these primary keys like ``end``, as part of a termination if there is one.

    Raises what the store or the database raises; nothing has ended then.
    """
    claimed: dict[int, str | None] = {}
    try:
        with transaction.atomic():
            # The lock comes first: a request in flight that rotates its key has either stored the
            # new one in its row already, or waits and finds the row ended. All code locks rows in
            # this one order, so that two bulk changes never wait for each other.
            rows = TrackedSession.objects.filter(pk__in=pks, ended_at=None).order_by("pk")
            claimed = dict(rows.select_for_update().values_list("pk", "session_key"))
            living = _end_in_store(claimed)
            TrackedSession.objects.filter(pk__in=claimed).update(
                ended_at=timezone.now(),
                end_reason=reason,
                termination=termination,
                session_key=None,
            )
            signals.send_ended(TrackedSession, claimed, reason=reason, termination=termination)
    except Exception:
        # A session that did not end must not be refused at its next request.
        _readmit(claimed)
        raise
    return living, len(pks) - living


def end_by_verdict(rows: Sequence[TrackedSession], reason: str) -> int:
    """End those of the rows that are still open, for the reason that ``liveness`` found.

    Returns how many there were. A session that merely was not found is not refused, since it is
    listed again if it turns up.
    """
    # Looked up by key again: a row that has rotated its key meanwhile is another session.
    keys = [row.session_key for row in rows]
    found = TrackedSession.objects.filter(session_key__in=keys, ended_at=None)
    if reason not in TrackedSession.PASSING_REASONS:
        return sum(end(found, reason=TrackedSession.EndReason(reason)))
    ended_at = F("expires_at") if reason == Reason.EXPIRED else timezone.now()
    with transaction.atomic():
        pks = list(found.order_by("pk").select_for_update().values_list("pk", flat=True))
        signals.send_ended(TrackedSession, pks, reason=reason)
        return TrackedSession.objects.filter(pk__in=pks).update(
            ended_at=ended_at, end_reason=reason, session_key=None
        )


def end_by_key(key: str, *, reason: str, keep: str | None = None) -> None:
    """End the open row with this session key, whose session the request itself has ended.

    ``keep`` is a key that lives on under another row, so that it is not refused.
    """
    if key != keep:
        engines.current().refuse([key])
    rows = TrackedSession.objects.filter(session_key=key, ended_at=None)
    if signals.session_ended.has_listeners(TrackedSession):
        signals.send_ended(TrackedSession, list(rows.values_list("pk", flat=True)), reason=reason)
    rows.update(ended_at=timezone.now(), end_reason=reason, session_key=None)


def refuse(key: str | None) -> None:
    """Refuse all further requests with this key."""
    if key:
        engines.current().refuse([key])


def abandon(key: str) -> None:
    """Refuse and delete a key whose login goes on under another one."""
    engine = engines.current()
    engine.refuse([key])
    engine.delete_many([key])


def _end_in_store(claimed: dict[int, str | None]) -> int:
    """Delete the sessions with the keys of these rows; return how many were there."""
    keys = [key for key in claimed.values() if key]
    if not keys:
        return 0
    engine = engines.current()
    living = None if engine.counts_deleted else len(engine.living(keys))
    # Refused before deleted: a copy that comes back in between is refused, too.
    if engine.keeps_refusals:
        rows = TrackedSession.objects.filter(pk__in=claimed)
        engine.refuse(keys, expiry=rows.aggregate(latest=Max("expires_at"))["latest"])
    deleted = engine.delete_many(keys)
    return (deleted if living is None else living) or 0


def _readmit(claimed: dict[int, str | None]) -> None:
    try:
        engines.current().readmit([key for key in claimed.values() if key])
    except Exception:
        logger.exception("Some sessions that did not end are refused all the same")
