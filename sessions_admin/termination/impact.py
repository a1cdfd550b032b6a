"""Finds what a termination means for admins: the one who asks for it, and the others.

Who administers an account is asked of the host for each person, so only for a limited number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef

from sessions_admin import liveness, people, policy
from sessions_admin.models import TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import TrackedSessionQuerySet

PEOPLE_CHECKED = 100
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
    out_people = _people(others)
    if len(out_people) > PEOPLE_CHECKED:
        return Impact(own=own, signed_out=[], staying=[], is_known=False)
    # In another form of this query the database would compare each with all of the others.
    is_meant = Exists(others.filter(pk=OuterRef("pk")))
    left = scope.sessions().active().exclude(user=asked_by).exclude(is_meant)
    people_left = _people(left)
    if len(people_left) > PEOPLE_CHECKED:
        return Impact(own=own, signed_out=[], staying=[], is_known=False)
    out, staying = _admins(out_people, scope), _admins(people_left, scope)
    signed_in = _signed_in(left.filter(user__in=[person.pk for person in staying]))
    staying = [person for person in staying if person.pk in signed_in]
    return Impact(
        own=own,
        signed_out=_names(person for person in out if person not in staying),
        staying=_names(staying),
    )


def _people(sessions: TrackedSessionQuerySet) -> list[Any]:
    """The people of these sessions, up to one more than may be checked."""
    theirs = Exists(sessions.filter(user=OuterRef("pk")))
    found = get_user_model()._default_manager.filter(theirs)
    return list(found[: PEOPLE_CHECKED + 1])


def _admins(candidates: Iterable[Any], scope: Scope) -> list[Any]:
    ids = {account.id for account in scope.accounts}
    return [person for person in candidates if _administers(person, ids)]


def _administers(person: Any, ids: Collection[str]) -> bool:
    """Whether this person administers one of the accounts; without ids, any account."""
    theirs = policy.scope_of(person)
    accounts = {account.id for account in (*theirs.accounts, *theirs.locked)}
    return theirs.everything or bool(accounts & set(ids) if ids else accounts)


def _signed_in(sessions: TrackedSessionQuerySet) -> set[Any]:
    """The keys of the people whom these sessions keep signed in."""
    rows = list(sessions.select_related("user").newest_first()[: 5 * PEOPLE_CHECKED])
    return {row.user.pk for row in liveness.signed_in(rows) if row.user}


def _names(admins: Iterable[Any]) -> list[str]:
    return sorted((people.name_of(admin) for admin in admins), key=str.casefold)
