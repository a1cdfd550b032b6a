"""End sessions that are over a limit (IDLE_TIMEOUT, MAX_LIFETIME).

Called by the sweep. Checking the age of a session on every request would cost a query, or a save
that extends its life.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from django.utils import timezone

from sessions_admin import conf, ending, liveness
from sessions_admin.listing.pagination import batches
from sessions_admin.models import TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet

Reason = TrackedSession.EndReason


def overdue() -> dict[TrackedSession.EndReason, TrackedSessionQuerySet]:
    """Return the open sessions over a limit, by end reason.

    Activity is written only once per ACTIVITY_INTERVAL, so that is added to the idle timeout.
    """
    settings, now = conf.current(), timezone.now()
    found = {}
    if settings.idle_timeout:
        unused = timedelta(seconds=settings.idle_timeout + settings.activity_interval)
        found[Reason.IDLE] = _open().filter(last_seen_at__lt=now - unused)
    if settings.max_lifetime:
        life = timedelta(seconds=settings.max_lifetime)
        found[Reason.TOO_OLD] = _open().filter(created_at__lt=now - life)
    return found


def end_overdue(*, batch: int) -> Counter[str]:
    """End the sessions over a limit in batches; return how many, by reason.

    Raises liveness.StoreUnavailableError.
    """
    ended = Counter[str]()
    for reason, rows in overdue().items():
        for found in batches(rows.only("pk", "created_at"), batch):
            # Check again: a session may have been used meanwhile.
            meant = rows.filter(pk__in=[row.pk for row in found])
            result = ending.end_each(list(meant.values_list("pk", flat=True)), reason=reason)
            if result.is_away:
                raise liveness.StoreUnavailableError from result.error
            ended[reason] += result.ended + result.already_gone
    return ended


def _open() -> TrackedSessionQuerySet:
    return TrackedSession.objects.filter(ended_at=None)
