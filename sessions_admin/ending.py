"""End sessions: their rows and their store entries together.

Used by terminations, sign-outs, changes of users and the sweep.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.db import DatabaseError, transaction
from django.db.models import F, Max
from django.utils import timezone

from sessions_admin import engines, signals
from sessions_admin.isolation import Failures, isolated
from sessions_admin.lookups import Among
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.transactions import writing

logger = logging.getLogger(__name__)

Reason = TrackedSession.EndReason

# The log names up to this many of the sessions that could not be ended.
NAMED = 20


class NotEndedError(Exception):
    """Some sessions could not be ended; the others have been. ``__cause__`` is the reason."""


@dataclass(frozen=True)
class Result:
    """How many sessions ended, were already gone, and failed to end.

    ``is_away`` means that the store does not answer, so further attempts are pointless.
    """

    ended: int = 0
    already_gone: int = 0
    failed: int = 0
    error: Exception | None = None
    is_away: bool = False


def end(rows: TrackedSessionQuerySet, *, reason: TrackedSession.EndReason) -> tuple[int, int]:
    """End up to a few hundred rows and their sessions.

    Returns how many were still signed in, and how many had already ended. Raises NotEndedError if
    some could not be ended; the others are ended even then.
    """
    result = end_each(list(rows.values_list("pk", flat=True)), reason=reason)
    if result.failed:
        raise NotEndedError(f"{result.failed} sessions could not be ended") from result.error
    return result.ended, result.already_gone


def end_each(pks: Sequence[int], *, reason: TrackedSession.EndReason) -> Result:
    """End the rows with these primary keys and their sessions, logging those that fail."""
    counts = Counter[str]()

    def act(part: Sequence[int]) -> None:
        ended, gone = end_by_pk(part, reason=reason)
        counts.update(ended=ended, gone=gone)

    failures = isolated(pks, act)
    log_failures(failures)
    return Result(
        ended=counts["ended"],
        already_gone=counts["gone"],
        failed=len(failures.of),
        error=failures.error,
        is_away=failures.is_away,
    )


def log_failures(failures: Failures[int], what: str = "could not be ended") -> None:
    """Log the tracked sessions, given as primary keys, for which an operation failed."""
    if not failures.of:
        return
    try:
        rows = TrackedSession.objects.filter(pk__in=failures.of[:NAMED])
        names = ", ".join(str(name) for name in rows.values_list("public_id", flat=True))
    except DatabaseError:
        names = "the database does not answer"
    logger.error("%d sessions %s (%s)", len(failures.of), what, names, exc_info=failures.error)


def end_by_pk(
    pks: Sequence[int],
    *,
    reason: TrackedSession.EndReason,
    termination: Termination | None = None,
) -> tuple[int, int]:
    """End these rows and their sessions, as part of a termination if given.

    Returns how many were still signed in, and how many had already ended. Raises any error of the
    store or the database; then no row has ended.
    """
    claimed: dict[int, str | None] = {}
    try:
        with writing():
            # Lock first: a request that is rotating its key has either stored the new key in its
            # row already, or waits and finds the row ended. All code locks rows in the same order,
            # which prevents deadlocks between bulk changes.
            rows = TrackedSession.objects.filter(Among("pk", pks), ended_at=None).order_by("pk")
            claimed = dict(rows.select_for_update().values_list("pk", "session_key"))
            living = _end_in_store(claimed)
            TrackedSession.objects.filter(Among("pk", list(claimed))).update(
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


def end_by_verdict(rows: Sequence[TrackedSession], reason: str) -> Result:
    """End those of the rows that are still open, for the reason that ``liveness`` found.

    A session that is only missing from the store is not refused: it is listed again if it
    reappears.
    """
    # Looked up by key, since the verdict does not apply to a row whose key has been rotated.
    keys = [row.session_key for row in rows]
    found = TrackedSession.objects.filter(session_key__in=keys, ended_at=None).order_by("pk")
    pks = list(found.values_list("pk", flat=True))
    if reason not in TrackedSession.PASSING_REASONS:
        return end_each(pks, reason=TrackedSession.EndReason(reason))
    ended_at = F("expires_at") if reason == Reason.EXPIRED else timezone.now()
    with writing():
        still = found.filter(pk__in=pks).select_for_update()
        pks = list(still.values_list("pk", flat=True))
        signals.send_ended(TrackedSession, pks, reason=reason)
        number = TrackedSession.objects.filter(pk__in=pks).update(
            ended_at=ended_at, end_reason=reason, session_key=None
        )
    return Result(number)


def end_by_key(key: str, *, reason: str, keep: str | None = None) -> None:
    """End the open row with this session key, whose session the request itself has ended.

    ``keep`` is a key that stays in use under another row, and is not refused.
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
    """Refuse and delete a key whose login continues under another key."""
    engine = engines.current()
    engine.refuse([key])
    engine.delete_many([key])


def _end_in_store(claimed: dict[int, str | None]) -> int:
    """Delete the sessions with the keys of these rows; return how many existed."""
    keys = [key for key in claimed.values() if key]
    if not keys:
        return 0
    engine = engines.current()
    living = None if engine.counts_deleted else len(engine.living(keys))
    # Refuse before deleting, so that a copy that comes back in between is refused, too.
    if engine.keeps_refusals:
        rows = TrackedSession.objects.filter(Among("pk", list(claimed)))
        engine.refuse(keys, expiry=rows.aggregate(latest=Max("expires_at"))["latest"])
    deleted = engine.delete_many(keys)
    transaction.on_commit(partial(engine.delete_late_copies, keys), robust=True)
    return (deleted if living is None else living) or 0


def _readmit(claimed: dict[int, str | None]) -> None:
    try:
        engines.current().readmit([key for key in claimed.values() if key])
    except Exception:
        logger.exception("Some sessions that did not end are refused all the same")
