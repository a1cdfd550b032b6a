"""End sessions from a project's own code: a command, a task, a view.

Each call is one termination with its entry in the termination log, as if an admin had ended the
sessions on the page. Call them outside a transaction: a rollback would remove the record of
sessions that have ended. Sessions that could not be ended are counted as failed on the record.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from sessions_admin import engines, liveness
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.termination import actions, bulk
from sessions_admin.termination.immediate import terminate
from sessions_admin.tracking import adoption
from sessions_admin.tracking.adoption import Adopted

logger = logging.getLogger(__name__)


def terminate_by_key(
    session_key: str, *, reason: str = "", actor: AbstractBaseUser | None = None
) -> Termination:
    """End the signed-in session with this session key, even if it has no row yet.

    Returns the record, with ``requested`` 0 if there has been no such session. ``actor`` is the
    user on whose behalf it is ended; without one, the log names the system.
    """
    # No session has such a key, and PostgreSQL raises an error for it instead of finding none.
    key = session_key.replace("\0", " ")
    sessions = TrackedSession.objects.filter(session_key=key)
    leaves_unseen = not (sessions.exists() or _have_rows(lambda: [adoption.adopt_key(key)]))
    # Those found by their primary keys count even if they end before their turn.
    pks = list(sessions.values_list("pk", flat=True)) or _last_with(key)
    return _terminated(
        TrackedSession.objects.filter(pk__in=pks),
        actor=actor,
        scope=actions.by_key(),
        reason=reason,
        leaves_unseen=leaves_unseen,
    )


def terminate_user(
    user: AbstractBaseUser,
    *,
    reason: str = "",
    actor: AbstractBaseUser | None = None,
    search_store: bool = False,
) -> Termination:
    """End all sessions of a person.

    Sessions that no request has shown to the app have no row. They are ended, too, if
    ``search_store`` is true: that reads every session in the store, so it is for commands and
    tasks. If the store cannot list its sessions, the record has ``leaves_unseen``.

    Raises ValueError for a user who is not in the database, such as one who was just deleted.
    """
    if user.pk is None:
        # The rows of all deleted people have no user.
        raise ValueError("This user is not in the database.")
    leaves_unseen = search_store and not _have_rows(_adopt_all)
    return _terminated(
        TrackedSession.objects.filter(user=user.pk, ended_at=None),
        actor=actor,
        scope=actions.of_user(user),
        reason=reason,
        leaves_unseen=leaves_unseen,
    )


def terminate_all(*, reason: str = "", actor: AbstractBaseUser | None = None) -> Termination:
    """End all sessions of everybody, and return when that is done.

    Sessions without a row are ended, too, unless the store cannot list its sessions: then the
    record has ``leaves_unseen``. An interrupted call is continued by ``sweep_sessions``.
    """
    everything = actions.everything(None)
    return bulk.begin(actor=actor, scope=everything, reason=reason, in_background=False)


def _terminated(
    sessions: TrackedSessionQuerySet, *, leaves_unseen: bool, **record: Any
) -> Termination:
    accounts = set(sessions.order_by().values_list("account_id", flat=True))
    termination = terminate(sessions, accounts=sorted(accounts), **record)
    if leaves_unseen:
        termination.leaves_unseen = True
        termination.save(update_fields=["leaves_unseen"])
    return termination


def _last_with(key: str) -> list[int]:
    """Return the primary key of the session that had this key when it ended, in a list."""
    ended = TrackedSession.objects.over().filter(key_digest=engines.digest(key)).order_by("-pk")
    return list(ended.values_list("pk", flat=True)[:1])


def _have_rows(adopt: Callable[[], Iterable[Adopted]]) -> bool:
    """Write the rows of sessions that have none; return whether that succeeded for all."""
    try:
        return not any(step.failed for step in adopt())
    except liveness.StoreUnavailableError:
        logger.exception("The store could not be searched for sessions without a row")
        return False


def _adopt_all() -> Iterator[Adopted]:
    if bulk.cannot_find_unseen():
        yield Adopted(failed=1)
    else:
        yield from adoption.adopt(batch=bulk.LOOKED_AT)
