"""Ends of all, which may take longer than a request, and longer than the process that began them.

The receipt holds all that is needed to go on: what was meant, and the place reached. A step is one
transaction that holds the receipt, ends some sessions from that place on, and moves the place and
the counts; so whoever takes the next step, nothing is ended or counted twice, and what the receipt
says is true after each. A lease, renewed by every step, tells whether somebody is at it.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import fields
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connections, transaction
from django.db.models import Q
from django.utils import timezone, translation

from sessions_admin import termination
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.pagination import Cursor, starting_at
from sessions_admin.querysets import Filters, TrackedSessionQuerySet

logger = logging.getLogger(__name__)

# How long a request works before it leaves the rest to a thread, so that somebody can watch.
SECONDS = 2.0
LEASE = timedelta(seconds=30)
# The session of whoever watches is ended last. Their page ends it and says so; when it does not
# come for this long, having been closed, the thread does.
GRACE_SECONDS = 6.0
# A store that fails so often in a row is away, and asking it for the rest would take for ever.
FAILURES_IN_A_ROW = 5
AT_THE_END = "end"


def begin(
    *,
    actor: Any,
    scope: str,
    accounts: Iterable[str] = (),
    filters: Filters | None = None,
    reason: str = "",
    kept: str | None = None,
    own: str | None = None,
) -> Termination:
    """End all sessions of these accounts (none: of every account) that match the filters now.

    The caller has asked the policy. ``kept`` is the ``public_id`` of a session to leave alone,
    ``own`` of one that is ended after all others. Who signs in from now on is not meant.

    Returns the receipt, finished if that took no longer than ``SECONDS``.
    """
    receipt = Termination.objects.create(
        **termination.asked_for(
            actor=actor, scope=scope, accounts=accounts, filters=filters, reason=reason
        ),
        newest=_newest(),
        kept_session=kept,
        last_session=own,
        language=translation.get_language() or "",
        worker=uuid.uuid4(),
        leased_until=timezone.now() + LEASE,
        finished_at=None,
    )
    deadline = time.monotonic() + SECONDS
    while _step(receipt.pk, receipt.worker):
        if time.monotonic() > deadline:
            _leave_to_a_thread(receipt)
            break
    receipt.refresh_from_db()
    return receipt


def look_after(receipt: Termination) -> None:
    """Go on with a run that nobody is at, in a thread of this process."""
    if worker := _take_over(receipt):
        _start(receipt.pk, worker)


def finish(receipt: Termination) -> None:
    """Take the last step, for whoever watched until then: the end of their own session."""
    if worker := _take_over(receipt, waiting=True):
        while _step(receipt.pk, worker):
            pass
    receipt.refresh_from_db()


def go_on_with_abandoned() -> list[Termination]:
    """Bring every run to its end that nobody is at; these receipts."""
    abandoned = Termination.objects.filter(_is_free(), finished_at=None)
    brought = []
    for receipt in abandoned.order_by("pk"):
        if worker := _take_over(receipt):
            while _step(receipt.pk, worker):
                pass
            brought.append(receipt)
    return brought


def waits_for_own(receipt: Termination) -> bool:
    """Whether all is done but the end of the session of whoever asked."""
    return not receipt.is_finished and receipt.reached == AT_THE_END


def sessions_of(receipt: Termination) -> TrackedSessionQuerySet:
    """What is still to be ended, wherever the run is; the session that comes last is left out."""
    known = {field.name for field in fields(Filters)}
    filters = Filters(**{k: v for k, v in receipt.filters.items() if k in known})
    rows = TrackedSession.objects.active().filter(pk__lte=receipt.newest)
    if receipt.account_ids:
        rows = rows.in_accounts(receipt.account_ids)
    spared = [each for each in (receipt.kept_session, receipt.last_session) if each]
    if spared:
        rows = rows.exclude(public_id__in=spared)
    # Countries are searched for in the language of whoever asked.
    with translation.override(receipt.language or None):
        return rows.matching(filters)


def _newest() -> int:
    found = TrackedSession.objects.order_by("-pk").values_list("pk", flat=True).first()
    return found or 0


def _is_free() -> Q:
    """Runs whose lease is out, or longer than any: the clock was set back since."""
    now = timezone.now()
    return Q(leased_until__lt=now) | Q(leased_until__gt=now + 2 * LEASE)


def _step(pk: int, worker: uuid.UUID | None) -> bool:
    """End some of what is left and say whether there is more, for this worker, to do."""
    with transaction.atomic():
        held = Termination.objects.select_for_update().filter(pk=pk, finished_at=None)
        receipt = held.filter(worker=worker).first()
        if receipt is None:
            return False
        if receipt.reached == AT_THE_END:
            _end_own(receipt)
            return False
        return _end_some(receipt)


def _end_some(receipt: Termination) -> bool:
    rest = _rest(receipt)
    found = list(rest.values_list("pk", flat=True)[: termination.CHUNK])
    failures = 0
    if found and not termination.end_chunk(receipt, found):
        failures = receipt.failures_in_a_row + 1
    if found:
        last = TrackedSession.objects.only("pk", "created_at").get(pk=found[-1])
        receipt.reached = str(Cursor(last.created_at, last.pk))
    is_last = len(found) < termination.CHUNK
    if failures >= FAILURES_IN_A_ROW and not is_last:
        left = _rest(receipt).order_by().count()
        termination.add(receipt, {"requested": left, "failed": left})
        is_last = True
    if is_last:
        receipt.reached = AT_THE_END
    receipt.failures_in_a_row = failures
    receipt.leased_until = timezone.now() + LEASE
    receipt.save(update_fields=["reached", "failures_in_a_row", "leased_until"])
    if is_last and receipt.last_session is None:
        _close(receipt)
        return False
    return True


def _rest(receipt: Termination) -> TrackedSessionQuerySet:
    """What follows the place reached, newest first: the order of the indexes of open rows."""
    start = Cursor.parse(receipt.reached) if receipt.reached else None
    return starting_at(sessions_of(receipt), start)


def _end_own(receipt: Termination) -> None:
    own = TrackedSession.objects.filter(public_id__in=[receipt.last_session], ended_at=None)
    if pks := list(own.values_list("pk", flat=True)):
        termination.end_chunk(receipt, pks)
    _close(receipt)


def _close(receipt: Termination) -> None:
    """Nothing is left. What ended by itself while the run was on its way there counts as gone."""
    receipt.refresh_from_db()
    if gone := receipt.remaining:
        termination.add(receipt, {"requested": gone, "already_gone": gone})
    Termination.objects.filter(pk=receipt.pk).update(finished_at=timezone.now(), worker=None)
    receipt.refresh_from_db()
    transaction.on_commit(partial(termination.tell, receipt))


def _take_over(receipt: Termination, *, waiting: bool = False) -> uuid.UUID | None:
    """Become the worker of a run that nobody is at, or that waits for its last step alone.

    A step in progress is waited for, and renews the lease.
    """
    worker, now = uuid.uuid4(), timezone.now()
    is_free = Q(reached=AT_THE_END) if waiting else _is_free()
    free = Termination.objects.filter(is_free, pk=receipt.pk, finished_at=None)
    return worker if free.update(worker=worker, leased_until=now + LEASE) else None


def _leave_to_a_thread(receipt: Termination) -> None:
    """From here on the receipt says how many are meant in all, so that one can see what is left."""
    with transaction.atomic():
        held = Termination.objects.select_for_update().get(pk=receipt.pk)
        left = 0 if held.reached == AT_THE_END else _rest(held).order_by().count()
        own = int(held.last_session is not None)
        held.expected = held.requested + left + own
        held.save(update_fields=["expected"])
    _start(receipt.pk, receipt.worker)


def _start(pk: int, worker: uuid.UUID | None) -> None:
    thread = threading.Thread(target=_work, args=(pk, worker), name=f"run-{pk}", daemon=True)
    transaction.on_commit(thread.start)


def _work(pk: int, worker: uuid.UUID | None) -> None:
    """What the thread does. Should it fail, somebody takes over when the lease is out."""
    try:
        while _step(pk, worker):
            if Termination.objects.filter(pk=pk, reached=AT_THE_END, finished_at=None).exists():
                time.sleep(GRACE_SECONDS)
    except Exception:
        logger.exception("An end of all was left in the middle; it is gone on with later")
    finally:
        connections.close_all()
