"""Terminate all sessions of a scope in steps, which may outlive the request and its process.

The record holds what is needed to continue: the request and the position reached. A step is one
transaction that locks the record, ends some sessions from that position on, and updates the
position and the counts. So any process can take the next step: nothing is ended or counted twice,
and the record is correct after each step. A lease, renewed by each step, shows whether a worker is
active.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connections, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation

from sessions_admin import engines, liveness
from sessions_admin.listing.pagination import Cursor, starting_at
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import Filters, TrackedSessionQuerySet
from sessions_admin.termination import immediate
from sessions_admin.termination.actions import Action
from sessions_admin.tracking import adoption
from sessions_admin.transactions import writing

logger = logging.getLogger(__name__)

# After this time the request leaves the rest to a thread and shows the progress page.
SECONDS = 2.0
LEASE = timedelta(seconds=30)
# The actor's own session is ended last, by the progress page, so that the page can say so. If the
# page is not loaded for this long, because it was closed, the thread ends the session.
GRACE_SECONDS = 6.0
# After this many failures in a row the store is considered down and the rest is not tried.
FAILURES_IN_A_ROW = 5
# The number of sessions in the store to examine in a step.
LOOKED_AT = 1000
# Values of ``reached`` before and after the pass over the rows.
ADOPTING = "adopting"
AT_THE_END = "end"


def begin(
    *,
    actor: Any,
    scope: str | Action,
    accounts: Iterable[str] = (),
    filters: Filters | None = None,
    reason: str = "",
    kept: str | None = None,
    own: str | None = None,
    public_id: uuid.UUID | None = None,
    in_background: bool = True,
) -> Termination:
    """Terminate the active sessions of these accounts (none: of all) that match the filters.

    As in the list, this includes sessions of their admins in other accounts. The caller has
    checked the policy. ``kept`` is the ``public_id`` of a session to keep, ``own`` that of a
    session to end last, ``public_id`` the id of the record if that is known before. Later logins
    are not ended.

    Without accounts and filters, sessions in the store that have no row yet are ended, too.
    Returns the record. If that takes longer than ``SECONDS`` and may continue ``in_background``,
    it is not finished yet.
    """
    accounts = list(accounts)
    is_whole = not accounts and not filters
    termination = immediate.recorded(
        actor,
        scope,
        accounts,
        filters,
        reason,
        public_id,
        reached=ADOPTING if is_whole and not cannot_find_unseen() else "",
        leaves_unseen=is_whole and cannot_find_unseen(),
        newest=_newest(),
        kept_session=kept,
        last_session=own,
        language=translation.get_language() or "",
        worker=uuid.uuid4(),
        leased_until=timezone.now() + LEASE,
        finished_at=None,
    )
    deadline = time.monotonic() + SECONDS
    for _ in _steps(termination.pk, termination.worker):
        if in_background and time.monotonic() > deadline:
            _leave_to_a_thread(termination)
            break
    termination.refresh_from_db()
    return termination


def look_after(termination: Termination) -> None:
    """Continue in a thread of this process if no worker is active."""
    if worker := _take_over(termination):
        _start(termination.pk, worker)


def finish(termination: Termination) -> None:
    """Take the last step: end the actor's own session."""
    if worker := _take_over(termination, waiting=True):
        for _ in _steps(termination.pk, worker):
            pass
    termination.refresh_from_db()


def finish_abandoned() -> list[Termination]:
    """Finish the terminations without an active worker, and return them.

    If some cannot be continued, raises the first error after the others are finished.
    """
    abandoned = Termination.objects.filter(_is_free(), finished_at=None)
    finished_now, errors = [], []
    for termination in abandoned.order_by("pk"):
        try:
            if worker := _take_over(termination):
                for _ in _steps(termination.pk, worker):
                    pass
                finished_now.append(termination)
        except Exception as error:
            logger.exception("The termination %s could not be continued", termination.public_id)
            errors.append(error)
    if errors:
        raise errors[0]
    return finished_now


def cannot_find_unseen() -> bool:
    """Whether the store cannot list its sessions, so that those without a row are not found."""
    return not engines.current().can_enumerate


def waits_for_own(termination: Termination) -> bool:
    """Whether only the actor's own session is left to end."""
    return not termination.is_finished and termination.reached == AT_THE_END


def sessions_of(termination: Termination) -> TrackedSessionQuerySet:
    """Return the sessions still to be ended, without the actor's own, which comes last."""
    known = {field.name for field in fields(Filters)}
    filters = Filters(**{k: v for k, v in termination.filters.items() if k in known})
    is_meant = Q(pk__lte=termination.newest)
    if not termination.account_ids and not filters:
        # Rows of adopted sessions were written after the termination began.
        is_meant |= Q(is_adopted=True)
    scope = Scope.of_accounts(termination.account_ids)
    # Not only the active ones: a session may outlive the expiry in its row if it was extended
    # outside the middleware.
    rows = scope.open().filter(is_meant)
    spared = [each for each in (termination.kept_session, termination.last_session) if each]
    if spared:
        rows = rows.exclude(public_id__in=spared)
    # Country names are searched in the actor's language.
    with translation.override(termination.language or None):
        return rows.matching(filters, accounts_named=scope.accounts_named)


def _newest() -> int:
    found = TrackedSession.objects.order_by("-pk").values_list("pk", flat=True).first()
    return found or 0


def _is_free() -> Q:
    """Match terminations whose lease has expired, or is too long because the clock was set back."""
    now = timezone.now()
    return Q(leased_until__lt=now) | Q(leased_until__gt=now + 2 * LEASE)


def _steps(pk: int, worker: uuid.UUID | None) -> Iterator[None]:
    """Do the remaining steps, yielding after each one except this worker's last."""
    mine = Termination.objects.filter(pk=pk, worker=worker, finished_at=None)
    if mine.filter(reached=ADOPTING).exists():
        yield from _adopt(mine)
    while _step(pk, worker):
        yield


def _adopt(mine: QuerySet[Termination]) -> Iterator[None]:
    """Write rows for sessions in the store that have none.

    A worker that takes over starts from the beginning, since the position in the store would be a
    session key, which must not be stored here.
    """
    try:
        for step in adoption.adopt(batch=LOOKED_AT):
            if not mine.update(leased_until=timezone.now() + LEASE):
                return
            if step.looked_at >= LOOKED_AT or step.adopted:
                yield
    except liveness.StoreUnavailableError:
        logger.exception("The store could not be searched for sessions without a row")
        mine.update(leaves_unseen=True)
    with writing():
        held = mine.select_for_update().first()
        if held is not None:
            held.reached = ""
            if held.expected is not None:
                held.expected = _expected(held)
            held.save(update_fields=["reached", "expected"])


def _step(pk: int, worker: uuid.UUID | None) -> bool:
    """End the next sessions; return whether there is more to do for this worker."""
    with writing():
        held = Termination.objects.select_for_update().filter(pk=pk, finished_at=None)
        termination = held.filter(worker=worker).first()
        if termination is None or termination.reached == ADOPTING:
            return False
        if termination.reached == AT_THE_END:
            _end_own(termination)
            return False
        return _end_some(termination)


def _end_some(termination: Termination) -> bool:
    rest = _rest(termination)
    found = list(rest.values_list("pk", flat=True)[: immediate.CHUNK])
    failures = 0
    if found and not immediate.end_chunk(termination, found):
        failures = termination.failures_in_a_row + 1
    if found:
        last = TrackedSession.objects.only("pk", "created_at").get(pk=found[-1])
        termination.reached = str(Cursor(last.created_at, last.pk))
    is_last = len(found) < immediate.CHUNK
    if failures >= FAILURES_IN_A_ROW and not is_last:
        left = _rest(termination).order_by().count()
        immediate.add(termination, {"requested": left, "failed": left})
        is_last = True
    if is_last:
        termination.reached = AT_THE_END
    termination.failures_in_a_row = failures
    termination.leased_until = timezone.now() + LEASE
    termination.save(update_fields=["reached", "failures_in_a_row", "leased_until"])
    if is_last and termination.last_session is None:
        _close(termination)
        return False
    return True


def _rest(termination: Termination) -> TrackedSessionQuerySet:
    """Return the sessions after the position reached, newest first, which uses an index."""
    reached = termination.reached
    start = Cursor.parse(reached) if reached not in ("", ADOPTING) else None
    return starting_at(sessions_of(termination), start)


def _end_own(termination: Termination) -> None:
    own = TrackedSession.objects.filter(public_id__in=[termination.last_session], ended_at=None)
    if pks := list(own.values_list("pk", flat=True)):
        immediate.end_chunk(termination, pks)
    _close(termination)


def _close(termination: Termination) -> None:
    """Finish the record. Sessions that ended for other reasons meanwhile count as already gone."""
    termination.refresh_from_db()
    if gone := termination.remaining:
        immediate.add(termination, {"requested": gone, "already_gone": gone})
    Termination.objects.filter(pk=termination.pk).update(finished_at=timezone.now(), worker=None)
    termination.refresh_from_db()
    transaction.on_commit(partial(immediate.finished, termination))


def _take_over(termination: Termination, *, waiting: bool = False) -> uuid.UUID | None:
    """Become the worker if there is none, or with ``waiting`` if only the last step is left.

    Returns the id of the new worker, or ``None``. The update waits for a step in progress, which
    renews the lease.
    """
    worker, now = uuid.uuid4(), timezone.now()
    is_free = Q(reached=AT_THE_END) if waiting else _is_free()
    free = Termination.objects.filter(is_free, pk=termination.pk, finished_at=None)
    return worker if free.update(worker=worker, leased_until=now + LEASE) else None


def _leave_to_a_thread(termination: Termination) -> None:
    """Store the total number of sessions for the progress page, and start a thread."""
    with writing():
        held = Termination.objects.select_for_update().get(pk=termination.pk)
        held.expected = _expected(held)
        held.save(update_fields=["expected"])
    _start(termination.pk, termination.worker)


def _expected(held: Termination) -> int:
    """Return how many sessions the termination will have processed in the end."""
    left = 0 if held.reached == AT_THE_END else _rest(held).order_by().count()
    return int(held.requested + left + int(held.last_session is not None))


def _start(pk: int, worker: uuid.UUID | None) -> None:
    thread = threading.Thread(
        target=_work, args=(pk, worker), name=f"termination-{pk}", daemon=True
    )
    transaction.on_commit(thread.start)


def _work(pk: int, worker: uuid.UUID | None) -> None:
    """Run the thread. If it fails, another worker takes over when the lease expires."""
    try:
        for _ in _steps(pk, worker):
            if Termination.objects.filter(pk=pk, reached=AT_THE_END, finished_at=None).exists():
                time.sleep(GRACE_SECONDS)
    except Exception:
        logger.exception("A bulk termination was interrupted; it will be continued")
    finally:
        connections.close_all()
