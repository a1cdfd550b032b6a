"""Terminate sessions immediately on behalf of an actor, and record it.

It fails closed: a session that the store did not delete stays listed and counts as failed.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from django.db import router, transaction
from django.db.models import F
from django.utils.translation import gettext

from sessions_admin import ending, signals
from sessions_admin.client import printable
from sessions_admin.isolation import isolated
from sessions_admin.lookups import Among
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.people import label_of
from sessions_admin.querysets import Filters, TrackedSessionQuerySet
from sessions_admin.termination.actions import Action
from sessions_admin.transactions import writing

# The name is documented (docs/security.md): projects filter by it.
logger = logging.getLogger("sessions_admin.termination")

CHUNK = 2000
TERMINATED = TrackedSession.EndReason.TERMINATED


def terminate(
    sessions: TrackedSessionQuerySet,
    *,
    actor: Any,
    scope: str | Action,
    accounts: Iterable[str] = (),
    filters: Filters | None = None,
    reason: str = "",
    public_id: uuid.UUID | None = None,
) -> Termination:
    """End the given sessions in their store and record who did it.

    The caller has checked the policy. ``scope`` says what is asked for, ``accounts`` are
    the ids of the accounts it could affect (none: all). ``actor`` is ``None`` if the project itself
    ends them. ``public_id`` is the id of the record if it is known before. Each chunk is one
    transaction, in which its rows, its store entries and its part of the record change together or
    not at all. For many sessions use ``bulk``, which another process can continue. Sessions that
    have ended before keep their end, and count as already gone.

    Returns the record: how many sessions were requested, ended, already gone, failed.
    """
    termination = recorded(actor, scope, accounts, filters, reason, public_id)
    for pks in _chunks(sessions):
        end_chunk(termination, pks)
    termination.refresh_from_db()
    finished(termination)
    return termination


def recorded(
    actor: Any,
    scope: str | Action,
    accounts: Iterable[str],
    filters: Filters | None,
    reason: str,
    public_id: uuid.UUID | None,
    **state: Any,
) -> Termination:
    """Write the record of a termination. Raises IntegrityError if its id is taken.

    ``state`` are the columns of a bulk termination that has begun. In a transaction of its own, so
    that one around it goes on after the error.
    """
    with transaction.atomic(using=router.db_for_write(Termination)):
        return Termination.objects.create(
            public_id=public_id or uuid.uuid4(),
            actor=actor,
            actor_label=gettext("System") if actor is None else label_of(actor),
            scope=printable(str(scope), 500),
            action=asdict(scope) if isinstance(scope, Action) else {},
            account_ids=list(accounts),
            filters=asdict(filters or Filters()),
            reason=printable(reason, 500),
            **state,
        )


def end_chunk(termination: Termination, pks: Sequence[int]) -> bool:
    """End these rows and their sessions, and count them on the record.

    If that fails, smaller and smaller parts are tried, so that a session that cannot be ended does
    not keep the others alive. Returns whether any could be ended; the rest count as failed.
    """

    def act(part: Sequence[int]) -> None:
        with writing():
            ended, gone = ending.end_by_pk(part, reason=TERMINATED, termination=termination)
            add(termination, {"requested": len(part), "ended": ended, "already_gone": gone})

    failures = isolated(pks, act)
    tried = failures.of
    if tried:
        # Nothing had to be done in the store for those that have ended.
        rows = TrackedSession.objects.over().filter(Among("pk", tried))
        over = set(rows.values_list("pk", flat=True))
        failures.of = [pk for pk in tried if pk not in over]
        ending.log_failures(failures)
        counts = {"already_gone": len(over), "failed": len(failures.of)}
        add(termination, {"requested": len(tried), **counts})
    return len(tried) < len(pks)


def add(termination: Termination, counts: dict[str, int]) -> None:
    """Add these numbers to the counts of a termination."""
    Termination.objects.filter(pk=termination.pk).update(
        **{name: F(name) + number for name, number in counts.items()}
    )


def finished(termination: Termination) -> None:
    """Log the result of a termination, and send its signal."""
    signals.send(signals.termination_finished, Termination, termination=termination)
    logger.info(
        "%s terminated sessions: %s. Asked for %d, ended %d, already gone %d, failed %d",
        termination.actor_label,
        termination.scope,
        termination.requested,
        termination.ended,
        termination.already_gone,
        termination.failed,
    )


def _chunks(sessions: TrackedSessionQuerySet) -> Iterator[list[int]]:
    """Yield primary keys in chunks, ascending, so that new and ended rows cause no gaps."""
    walk = sessions.order_by("pk").values_list("pk", flat=True)
    last = 0
    while pks := list(walk.filter(pk__gt=last)[:CHUNK]):
        yield pks
        last = pks[-1]
