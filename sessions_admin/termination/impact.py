"""Find out how a termination affects admins: the actor and the others.

The number of calls is bounded: the project returns all admins in one call (ADMINS_OF_ACCOUNTS) or,
without that setting, is asked about each of a few people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import BooleanField, Exists, OuterRef, Q

from sessions_admin import liveness, people, policy, resolvers
from sessions_admin.listing.pagination import batches, page_of
from sessions_admin.models import TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import TrackedSessionQuerySet

PEOPLE_NAMED = 100
# The limit where the project has to be asked about each person.
PEOPLE_ASKED_ABOUT = 10
OWN_NAMED = 20
OWN_COUNTED = 500
# The limits on finding admins with active sessions: rounds of PEOPLE_NAMED admins, and rows read.
ROUNDS = 10
ROWS_READ = 20_000
BATCH = 500


@dataclass(frozen=True)
class Impact:
    """How a termination affects the actor and the other admins of the accounts.

    ``own`` are the newest of the actor's own sessions among those to be ended; ``own_count`` is
    their number, up to OWN_COUNTED. ``signed_out`` and ``staying`` are the names of the other
    admins. ``is_known`` is false if there were too many people to check.
    """

    own: list[TrackedSession]
    own_count: int
    signed_out: list[str]
    staying: list[str]
    is_known: bool = True


def impact_of(meant: TrackedSessionQuerySet, *, scope: Scope, asked_by: Any) -> Impact:
    """Return how ending the sessions ``meant``, which are part of the scope, affects admins.

    Raises liveness.StoreUnavailableError.
    """
    mine = meant.filter(user=asked_by).select_related("user")
    own = page_of(mine, size=OWN_COUNTED, keep=liveness.signed_in).rows
    impact = Impact(own=own[:OWN_NAMED], own_count=len(own), signed_out=[], staying=[])
    others = meant.exclude(user=asked_by)
    # Other forms of this query make the database compare every row with every other.
    is_meant = Exists(others.filter(pk=OuterRef("pk")))
    left = scope.active().exclude(user=asked_by).exclude(is_meant)
    try:
        out, staying = _admins_among(others, scope), _admins_among(left, scope)
    except _TooManyError:
        return replace(impact, is_known=False)
    return replace(
        impact,
        signed_out=_names(person for person in out if person not in staying),
        staying=_names(staying),
    )


class _TooManyError(Exception):
    """There are more people than the limits above allow."""


def _admins_among(sessions: TrackedSessionQuerySet, scope: Scope) -> list[Any]:
    """Return the users with an active session among these who administer an account of the scope.

    Raises _TooManyError.
    """
    ids = None if scope.everything else [account.id for account in scope.accounts]
    admins = resolvers.admins_of(ids)
    if admins is None:
        found = _signed_in(sessions, PEOPLE_ASKED_ABOUT)
        return [each for each in found if _administers(each, ids)]
    theirs = Exists(sessions.filter(user=OuterRef("pk")))
    people_here = get_user_model()._default_manager.filter(theirs)
    some = people_here.filter(Q(pk__in=admins) | _sees_all())
    admins_here = some.order_by("pk").values_list("pk", flat=True)
    found = []
    keys = list(admins_here[: PEOPLE_NAMED + 1])
    for _ in range(ROUNDS):
        if not keys:
            return found
        found += _signed_in(sessions.filter(user__in=keys), PEOPLE_NAMED - len(found))
        if len(keys) <= PEOPLE_NAMED:
            return found
        keys = list(admins_here.filter(pk__gt=keys[-1])[: PEOPLE_NAMED + 1])
    raise _TooManyError


def _sees_all() -> Q:
    """Match superusers, if they are who sees all sessions; others only the project can name."""
    fields = {field.name: field for field in get_user_model()._meta.get_fields()}
    is_column = isinstance(fields.get("is_superuser"), BooleanField)
    return Q(is_superuser=True) if is_column and resolvers.superusers_see_all() else Q(pk__in=[])


def _administers(person: Any, ids: Collection[str] | None) -> bool:
    """Whether this user administers one of the accounts, or with ``None`` any account."""
    theirs = policy.scope_of(person)
    accounts = {account.id for account in (*theirs.accounts, *theirs.locked)}
    return theirs.everything or bool(accounts if ids is None else accounts & set(ids))


def _signed_in(sessions: TrackedSessionQuerySet, most: int) -> list[Any]:
    """Return the users with an active session among these. Raises _TooManyError."""
    found: dict[Any, Any] = {}
    read = 0
    for rows in batches(sessions.for_liveness(), BATCH):
        found |= {row.user_id: row.user for row in liveness.signed_in(rows)}
        read += len(rows)
        if len(found) > most or (read >= ROWS_READ and len(rows) == BATCH):
            raise _TooManyError
    return list(found.values())


def _names(admins: Iterable[Any]) -> list[str]:
    return sorted((people.name_of(admin) for admin in admins), key=str.casefold)
