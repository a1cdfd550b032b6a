"""The one way to end sessions on somebody's authority. Fails closed: a session whose store did
not delete it stays listed and is counted as failed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import F

from sessions_admin import endings
from sessions_admin.client import printable
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.querysets import Filters, TrackedSessionQuerySet
from sessions_admin.tracking import label_of

logger = logging.getLogger(__name__)

CHUNK = 2000
# A database that finds two transactions waiting for each other fails one of them.
TRIES = 3
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
    not at all. For ends of all there is ``runs``, which go on when this process does not.

    Returns the receipt: how many were asked for, ended, already gone, failed.
    """
    receipt = Termination.objects.create(
        **asked_for(actor=actor, scope=scope, accounts=accounts, filters=filters, reason=reason)
    )
    for pks in _chunks(sessions):
        end_chunk(receipt, pks)
    receipt.refresh_from_db()
    tell(receipt)
    return receipt


def asked_for(
    *, actor: Any, scope: str, accounts: Iterable[str], filters: Filters | None, reason: str
) -> dict[str, Any]:
    """What a receipt says before anything has ended."""
    return {
        "actor": actor,
        "actor_label": label_of(actor),
        "scope": printable(scope, 500),
        "account_ids": list(accounts),
        "filters": asdict(filters or Filters()),
        "reason": printable(reason, 500),
    }


def end_chunk(receipt: Termination, pks: Sequence[int]) -> bool:
    """End these rows and their sessions and say so on the receipt, or none of it.

    Whether it could be done; if not, that is on the receipt, too.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                ended, gone = endings.end_keyed(pks, reason=TERMINATED, termination=receipt)
                add(receipt, {"requested": len(pks), "ended": ended, "already_gone": gone})
            return True
        except Exception as error:
            if not tries_left or not isinstance(error, OperationalError):
                logger.exception("%d sessions could not be ended", len(pks))
                break
    add(receipt, {"requested": len(pks), "failed": len(pks)})
    return False


def add(receipt: Termination, counts: dict[str, int]) -> None:
    """Raise the counts of a receipt by these."""
    Termination.objects.filter(pk=receipt.pk).update(
        **{name: F(name) + number for name, number in counts.items()}
    )


def tell(receipt: Termination) -> None:
    """Write what came of it into the log."""
    logger.info(
        "%s terminated sessions: %s. Asked for %d, ended %d, already gone %d, failed %d",
        receipt.actor_label,
        receipt.scope,
        receipt.requested,
        receipt.ended,
        receipt.already_gone,
        receipt.failed,
    )


def _chunks(sessions: TrackedSessionQuerySet) -> Iterator[list[int]]:
    """The primary keys in pieces, walking up so that new logins and ended rows disturb nothing."""
    walk = sessions.order_by("pk").values_list("pk", flat=True)
    last = 0
    while pks := list(walk.filter(pk__gt=last)[:CHUNK]):
        yield pks
        last = pks[-1]
