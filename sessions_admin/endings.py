"""How sessions end, and what ends them elsewhere: users who change, and stores that forget.

``end`` is the core that terminating, the watch on users and the sweep share: rows and store
entries go together.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from datetime import timedelta
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.db.models import F, Max, Q
from django.db.models.signals import post_save, pre_delete
from django.utils import timezone

from sessions_admin import engines, liveness
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet

logger = logging.getLogger(__name__)

Reason = TrackedSession.EndReason

CHUNK = 500
# A request that is signing in or rotating its key tells the row first and the store just after.
# Rows that were written to this lately are left for the next sweep.
SETTLING = timedelta(minutes=1)

# The session of the request that this thread, or task, is answering.
in_flight: ContextVar[SessionBase | None] = ContextVar("sessions_admin_in_flight", default=None)


def end(
    rows: TrackedSessionQuerySet,
    *,
    reason: TrackedSession.EndReason,
) -> tuple[int, int]:
    """End up to a few hundred rows and their sessions, all of them or, on an error, none.

    Returns how many had a session that this ended, and how many had ended or were gone before.
    """
    return end_keyed(list(rows.values_list("pk", flat=True)), reason=reason)


def end_keyed(
    pks: Sequence[int],
    *,
    reason: TrackedSession.EndReason,
    termination: Termination | None = None,
) -> tuple[int, int]:
    """The same for the rows with these primary keys, on somebody's authority if there is one."""
    claimed: dict[int, str | None] = {}
    try:
        with transaction.atomic():
            # The lock comes first: a request in flight which rotates its key either has told us
            # the new one already, or waits and finds its row ended. Locked in one order
            # everywhere, so that nobody who ends many waits for somebody who waits for them.
            rows = TrackedSession.objects.filter(pk__in=pks, ended_at=None).order_by("pk")
            claimed = dict(rows.select_for_update().values_list("pk", "session_key"))
            living = _end_in_store(claimed)
            TrackedSession.objects.filter(pk__in=claimed).update(
                ended_at=timezone.now(),
                end_reason=reason,
                termination=termination,
                session_key=None,
            )
    except Exception:
        # What did not end must not be turned away at its next request either.
        _readmit(claimed)
        raise
    return living, len(pks) - living


def reconcile(rows: Iterable[TrackedSession], *, dry_run: bool = False) -> Counter[str]:
    """End the rows whose session no request would be answered with; say how many, by reason.

    Those that are being written now are left alone. Raises liveness.StoreUnavailableError.
    """
    verdicts = liveness.verdicts([row for row in rows if not _is_settling(row)])
    if dry_run:
        return Counter(verdicts.values())
    ended: Counter[str] = Counter()
    for reason in set(verdicts.values()):
        ended[reason] += _settle(reason, [row for row, v in verdicts.items() if v == reason])
    return +ended


def settled() -> TrackedSessionQuerySet:
    """The open rows that no request is writing at this moment, as far as one can tell.

    Rows from the future are among them: the clock was set back.
    """
    now = timezone.now()
    writing = Q(last_seen_at__range=(now - SETTLING, now + SETTLING))
    return TrackedSession.objects.filter(ended_at=None).exclude(writing)


def connect() -> None:
    """Watch the user model, and the proxies it is saved and deleted through."""
    for model in apps.get_models():
        if issubclass(model, get_user_model()):
            post_save.connect(_on_user_saved, sender=model, dispatch_uid="sessions_admin.endings")
            pre_delete.connect(
                _on_user_deleted, sender=model, dispatch_uid="sessions_admin.endings"
            )


def _is_settling(row: TrackedSession) -> bool:
    """Whether a request may be writing this row: a sweep asked once, and may go on for minutes."""
    return abs(timezone.now() - row.last_seen_at) <= SETTLING


def _end_in_store(claimed: dict[int, str | None]) -> int:
    """Delete the sessions with the keys of these rows; how many of them were there."""
    keys = [key for key in claimed.values() if key]
    if not keys:
        return 0
    engine = engines.current()
    living = None if engine.counts_deleted else len(engine.living(keys))
    # Refused before deleted: a copy that comes back in between is turned away.
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


def _settle(reason: str, rows: list[TrackedSession]) -> int:
    """End those that nobody else has ended meanwhile; how many."""
    # The key is asked for again: a row that has rotated meanwhile is another session.
    keys = [row.session_key for row in rows]
    found = TrackedSession.objects.filter(session_key__in=keys, ended_at=None)
    if reason not in TrackedSession.PASSING_REASONS:
        return sum(end(found, reason=TrackedSession.EndReason(reason)))
    ended_at = F("expires_at") if reason == Reason.EXPIRED else timezone.now()
    with transaction.atomic():
        # In the order in which everybody locks.
        locked = found.order_by("pk").select_for_update().values_list("pk", flat=True)
        return TrackedSession.objects.filter(pk__in=list(locked)).update(
            ended_at=ended_at, end_reason=reason, session_key=None
        )


def _on_user_saved(
    instance: Any, created: bool, raw: bool, update_fields: frozenset[str] | None, **kwargs: Any
) -> None:
    # Every sign-in saves the time of the last one.
    if created or raw or (update_fields is not None and update_fields <= {"last_login"}):
        return
    session = in_flight.get()
    if session is not None:
        session._user_changed = True  # type: ignore[attr-defined]
    transaction.on_commit(partial(_end_refused, instance.pk, session), robust=True)


def _on_user_deleted(instance: Any, **kwargs: Any) -> None:
    rows = TrackedSession.objects.filter(user=instance.pk, ended_at=None)
    pks = list(rows.values_list("pk", flat=True))
    if pks:
        transaction.on_commit(partial(_end_deleted, pks), robust=True)


def _end_refused(user_pk: Any, session: SessionBase | None) -> None:
    """End the sessions that Django no longer accepts now that their user has changed.

    The session of the request that made the change is spared: it may be about to get the new
    hash. What becomes of it is seen at the end of that request.
    """
    open_rows = TrackedSession.objects.filter(user=user_pk, ended_at=None)
    if session is not None:
        open_rows = open_rows.exclude(session_key=session.session_key)
    rows = list(open_rows.select_related("user"))
    try:
        for start in range(0, len(rows), CHUNK):
            verdicts = liveness.verdicts(rows[start : start + CHUNK])
            for reason in set(verdicts.values()) - {Reason.LOST, Reason.EXPIRED}:
                _settle(reason, [row for row, verdict in verdicts.items() if verdict == reason])
    except Exception:
        logger.exception("The sessions of a user who changed could not be ended; the sweep will")


def _end_deleted(pks: list[int]) -> None:
    try:
        for start in range(0, len(pks), CHUNK):
            chunk = TrackedSession.objects.filter(pk__in=pks[start : start + CHUNK])
            end(chunk, reason=Reason.USER_DELETED)
    except Exception:
        logger.exception("The sessions of a deleted user could not be ended; the sweep will")
