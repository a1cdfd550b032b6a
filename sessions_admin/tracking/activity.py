"""Keeps *Last active*, and where a session speaks from, in our own row.

Written at most once an interval. Saving the session instead would extend its life.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import router, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from sessions_admin import conf, engines, signals
from sessions_admin.client import Client, client_of, noted
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import recent
from sessions_admin.tracking.history import flags_of_move
from sessions_admin.tracking.logins import flags_or_none, recover
from sessions_admin.tracking.mark import Mark


def touch(request: HttpRequest, session: SessionBase, mark: Mark) -> None:
    """Note that the session was active, if that is due."""
    saved = _is_saved(session)
    now = timezone.now()
    if not recent.is_due(mark.row, now, saved=saved):
        return
    interval = timedelta(seconds=conf.current().activity_interval)
    stale = Q(last_seen_at__lte=now - interval) | Q(last_seen_at__gt=now + interval)
    changed: dict[str, Any] = {"last_seen_at": now}
    if saved:
        expires = engines.current().expiry_of(session)
        changed["expires_at"] = expires
        stale |= Q(expires_at__lt=expires - interval) | Q(expires_at__gt=expires + interval)
    row = TrackedSession.objects.filter(public_id=mark.row, ended_at=None)
    if not row.filter(stale).update(**changed) and not row.exists():
        recover(request, session, mark.row)


def touch_from_elsewhere(request: HttpRequest, session: SessionBase, mark: Mark) -> None:
    """Note that the session was active, and the address or browser that it has moved to.

    It has an interval of its own: a move shows immediately, and moving to and fro costs no more.
    """
    now, saved = timezone.now(), _is_saved(session)
    if not recent.is_due(f"{mark.row} elsewhere", now, saved=saved):
        return
    client = client_of(request)
    expires = engines.current().expiry_of(session) if saved else None
    with transaction.atomic(using=router.db_for_write(TrackedSession)):
        rows = TrackedSession.objects.select_for_update()
        row = rows.filter(public_id=mark.row, ended_at=None).first()
        if row and not row.is_from(client):
            if not _is_noted(row, client, now, expires or row.expires_at):
                _note(row, client, now, expires or row.expires_at)
            return
    # It is where it signed in, or its row is not open.
    touch(request, session, mark)


def _is_saved(session: SessionBase) -> bool:
    return bool(session.modified or settings.SESSION_SAVE_EVERY_REQUEST)


def _is_noted(row: TrackedSession, client: Client, now: datetime, expires: datetime) -> bool:
    """Whether another process has written within this interval that the session is there."""
    interval = timedelta(seconds=conf.current().activity_interval)
    is_there = row.now is not None and row.now.is_from(client)
    lags = (now - row.last_seen_at, expires - row.expires_at)
    return is_there and all(abs(lag) < interval for lag in lags)


def _note(row: TrackedSession, client: Client, now: datetime, expires: datetime) -> None:
    has_moved = row.now is None or not row.now.is_from(client)
    origins = noted(row.other_origins, client, now)
    raised = flags_or_none(partial(flags_of_move, row, origins[0], now))
    for column in raised:
        setattr(row, column, True)
    row.last_seen_at, row.other_origins, row.expires_at = now, origins, expires
    row.save(update_fields=["last_seen_at", "other_origins", "expires_at", *raised])
    if has_moved:
        signals.send(signals.session_moved, TrackedSession, session=row, origin=row.now)
