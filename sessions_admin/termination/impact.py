"""Finds what a termination means for admins: the one who asks for it, and the others.

The number of questions is bounded: the host is asked once for all admins (ADMINS_OF_ACCOUNTS) or,
if it has no function for that, about each of a few people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet

from sessions_admin import liveness, people, policy, resolvers
from sessions_admin.models import TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import TrackedSessionQuerySet

PEOPLE_NAMED = 100
# If the host has to be asked about each person.
PEOPLE_ASKED_ABOUT = 10
OWN_NAMED = 20


@dataclass(frozen=True)
class Impact:
    """``own`` are the actor's own sessions among those to be ended, newest first.

    ``signed_out`` and ``staying`` are the names of the other admins of the accounts. ``is_known``
    is false if there were too many people to check.
    """

    own: list[TrackedSession]
    signed_out: list[str]
    staying: list[str]
    is_known: bool = True


def impact_of(meant: TrackedSessionQuerySet, *, scope: Scope, asked_by: Any) -> Impact:
    """What ending the sessions ``meant``, a part of the scope, does to admins.

    Raises liveness.StoreUnavailableError.
    """
    own = list(meant.filter(user=asked_by).newest_first().select_related("user")[:OWN_NAMED])
    others = meant.exclude(user=asked_by)
    # In another form of this query the database would compare each with all of the others.
    is_meant = Exists(others.filter(pk=OuterRef("pk")))
    left = scope.sessions().active().exclude(user=asked_by).exclude(is_meant)
    try:
        out, staying = _admins_among(others, scope), _admins_among(left, scope)
    except _TooManyError:
        return Impact(own=own, signed_out=[], staying=[], is_known=False)
    signed_in = _signed_in(left.filter(user__in=[person.pk for person in staying]))
    staying = [person for person in staying if person.pk in signed_in]
    return Impact(
        own=own,
        signed_out=_names(person for person in out if person not in staying),
        staying=_names(staying),
    )


class _TooManyError(Exception):
    """There are more people than are asked about, or named."""


def _admins_among(sessions: TrackedSessionQuerySet, scope: Scope) -> list[Any]:
    """The people of these sessions who administer an account of the scope.

    Raises _TooManyError.
    """
    ids = None if scope.everything else [account.id for account in scope.accounts]
    theirs = Exists(sessions.filter(user=OuterRef("pk")))
    found = get_user_model()._default_manager.filter(theirs)
    admins = resolvers.admins_of(ids)
    if admins is not None:
        return _few(found.filter(Q(pk__in=admins) | _is_superuser()), PEOPLE_NAMED)
    return [each for each in _few(found, PEOPLE_ASKED_ABOUT) if _administers(each, ids)]


def _few(found: QuerySet[Any], most: int) -> list[Any]:
    few = list(found[: most + 1])
    if len(few) > most:
        raise _TooManyError
    return few


def _is_superuser() -> Q:
    """Superusers administer every account, if the user model has them."""
    names = {field.name for field in get_user_model()._meta.get_fields()}
    return Q(is_superuser=True) if "is_superuser" in names else Q(pk__in=[])


def _administers(person: Any, ids: Collection[str] | None) -> bool:
    """Whether this person administers one of the accounts; with ``None``, any account."""
    theirs = policy.scope_of(person)
    accounts = {account.id for account in (*theirs.accounts, *theirs.locked)}
    return theirs.everything or bool(accounts if ids is None else accounts & set(ids))


def _signed_in(sessions: TrackedSessionQuerySet) -> set[Any]:
    """The keys of the people whom these sessions keep signed in."""
    rows = list(sessions.select_related("user").newest_first()[: 5 * PEOPLE_NAMED])
    return {row.user.pk for row in liveness.signed_in(rows) if row.user}


def _names(admins: Iterable[Any]) -> list[str]:
    return sorted((people.name_of(admin) for admin in admins), key=str.casefold)
