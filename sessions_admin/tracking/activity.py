"""Keep a session's *Last active* and its current origin in its row.

The row is written at most once per ACTIVITY_INTERVAL. Saving the session instead would extend its
life.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.db import router
from django.db.models import Q, Value
from django.db.models.functions import Greatest
from django.http import HttpRequest
from django.utils import timezone

from sessions_admin import conf, engines, signals
from sessions_admin.client import Client, client_of, noted
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import throttle
from sessions_admin.tracking.history import flags_of_move
from sessions_admin.tracking.logins import flags_or_none, open_row, recover
from sessions_admin.tracking.mark import Mark, is_saved
from sessions_admin.transactions import writing


@dataclass(frozen=True)
class Expiry:
    """When the session expires, and whether that differs from its row.

    A request that changes the session's lifetime writes the new expiry immediately, even if the
    row was just written. Otherwise the row's expiry only ever increases, since a parallel request
    may have written a later one. A session that is used after the expiry in its mark was extended
    outside the middleware: by another site on the same store, a WebSocket or a command.
    """

    at: datetime | None
    is_new: bool

    @classmethod
    def of(cls, session: SessionBase, mark: Mark) -> Expiry:
        if not is_saved(session):
            known = mark.expires_at
            is_over = known is not None and known <= timezone.now()
            return cls(engines.current().expiry_of(session) if is_over else known, is_new=False)
        at = engines.current().expiry_of(session)
        interval = conf.current().activity_interval
        return cls(at, is_new=abs(at.timestamp() - mark.expires) > interval)


def touch(request: HttpRequest, session: SessionBase, mark: Mark) -> None:
    """Update *Last active* if that is due, and the expiry if it is new."""
    now, expiry = timezone.now(), Expiry.of(session, mark)
    if not throttle.is_due(mark.row, now) and not expiry.is_new:
        return
    interval = timedelta(seconds=conf.current().activity_interval)
    stale = Q(last_seen_at__lte=now - interval) | Q(last_seen_at__gt=now + interval)
    changed: dict[str, Any] = {"last_seen_at": now}
    if expiry.at and expiry.is_new:
        changed["expires_at"], stale = expiry.at, Q()
    elif expiry.at:
        changed["expires_at"] = Greatest("expires_at", Value(expiry.at))
        stale |= Q(expires_at__lt=expiry.at - interval)
    row = open_row(session, mark)
    if row.filter(stale).update(**changed):
        _remember(session, mark, expiry)
    elif not row.exists():
        recover(request, session, mark)


def touch_from_elsewhere(request: HttpRequest, session: SessionBase, mark: Mark) -> None:
    """Update *Last active* and the address or browser that the session has moved to.

    Moves have an interval of their own: a move shows immediately, and a session that alternates
    between origins costs no more.
    """
    now, expiry = timezone.now(), Expiry.of(session, mark)
    if not throttle.is_due(f"{mark.row} elsewhere", now) and not expiry.is_new:
        return
    client = client_of(request)
    with writing(router.db_for_write(TrackedSession)):
        row = open_row(session, mark).select_for_update().first()
        if row and not row.is_from(client):
            if not _is_noted(row, client, now, expiry):
                _note(row, client, now, expiry)
                _remember(session, mark, expiry)
            return
    # The session is at the origin of its sign-in, or its row is not open.
    touch(request, session, mark)


def _remember(session: SessionBase, mark: Mark, expiry: Expiry) -> None:
    """Write the row's new expiry into the mark, if the session is being saved anyway."""
    if expiry.at and is_saved(session):
        replace(mark, expires=int(expiry.at.timestamp())).write(session)


def _is_noted(row: TrackedSession, client: Client, now: datetime, expiry: Expiry) -> bool:
    """Whether another process has written this origin within the interval."""
    interval = timedelta(seconds=conf.current().activity_interval)
    is_there = row.now is not None and row.now.is_from(client)
    is_late = expiry.at is not None and expiry.at - row.expires_at >= interval
    is_lately = abs(now - row.last_seen_at) < interval
    return is_there and is_lately and not is_late and not expiry.is_new


def _note(row: TrackedSession, client: Client, now: datetime, expiry: Expiry) -> None:
    has_moved = row.now is None or not row.now.is_from(client)
    origins = noted(row.other_origins, client, now)
    raised = flags_or_none(partial(flags_of_move, row, origins[0], now))
    for column, value in raised.items():
        setattr(row, column, value)
    if expiry.at:
        row.expires_at = expiry.at if expiry.is_new else max(row.expires_at, expiry.at)
    row.last_seen_at, row.other_origins = now, origins
    row.save(update_fields=["last_seen_at", "other_origins", "expires_at", *raised])
    if has_moved:
        signals.send(signals.session_moved, TrackedSession, session=row, origin=row.now)
