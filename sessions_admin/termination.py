"""The one way to end sessions on somebody's authority. Fails closed: a session whose store did
not delete it stays listed and is counted as failed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import F

from sessions_admin import endings
from sessions_admin.client import printable
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.querysets import Filters, TrackedSessionQuerySet
from sessions_admin.tracking import label_of

logger = logging.getLogger(__name__)

CHUNK = 500
TERMINATED = TrackedSession.EndReason.TERMINATED


def terminate(
    sessions: TrackedSessionQuerySet,
    *,
    actor: Any,
    scope: str,
    accounts: Iterable[str] = (),
    filters: Filters | None = None,
    reason: str = "",
) -> Termination:
    """End the given sessions in their store and record who did it.

    The caller has asked the policy. ``scope`` says in words what was asked for, ``accounts`` are
    the ids of those it could touch (none: every account there is). Works in chunks, each of them
    one transaction: its rows, its store entries and its part of the receipt change together or
    not at all.

    Returns the receipt: how many were asked for, ended, already gone, failed.
    """
    receipt = Termination.objects.create(
        actor=actor,
        actor_label=label_of(actor),
        scope=printable(scope, 500),
        account_ids=list(accounts),
        filters=asdict(filters or Filters()),
        reason=printable(reason, 500),
    )
    for pks in _chunks(sessions):
        _terminate_chunk(receipt, pks)
    receipt.refresh_from_db()
    logger.info(
        "%s terminated sessions: %s. Asked for %d, ended %d, already gone %d, failed %d",
        receipt.actor_label,
        receipt.scope,
        receipt.requested,
        receipt.ended,
        receipt.already_gone,
        receipt.failed,
    )
    return receipt


def _chunks(sessions: TrackedSessionQuerySet) -> Iterator[list[int]]:
    """The primary keys in pieces, walking up so that new logins and ended rows disturb nothing."""
    walk = sessions.order_by("pk").values_list("pk", flat=True)
    last = 0
    while pks := list(walk.filter(pk__gt=last)[:CHUNK]):
        yield pks
        last = pks[-1]


def _terminate_chunk(receipt: Termination, pks: Sequence[int]) -> None:
    try:
        with transaction.atomic():
            rows = TrackedSession.objects.filter(pk__in=pks)
            ended, gone = endings.end(rows, reason=TERMINATED, termination=receipt)
            _add(receipt, {"requested": len(pks), "ended": ended, "already_gone": gone})
    except Exception:
        logger.exception("%d sessions could not be ended", len(pks))
        _add(receipt, {"requested": len(pks), "failed": len(pks)})


def _add(receipt: Termination, counts: dict[str, int]) -> None:
    Termination.objects.filter(pk=receipt.pk).update(
        **{name: F(name) + number for name, number in counts.items()}
    )
