"""What an end of many sessions means for those who administer: the one who asks, and the others.

Only what can be known is said. Who administers is asked of the host for each person, so no more
than a number of them are asked about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef

from sessions_admin import liveness, policy, resolvers
from sessions_admin.models import TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import TrackedSessionQuerySet

PEOPLE_ASKED_ABOUT = 100
OWN_NAMED = 20


@dataclass(frozen=True)
class Consequences:
    """``own`` are the asking person's sessions among those meant, the newest first.

    The other admins of the accounts by name: who is signed out everywhere in view, and who stays
    signed in. ``is_known`` is false where there were too many people to ask about.
    """

    own: list[TrackedSession]
    signed_out: list[str]
    staying: list[str]
    is_known: bool = True


def consequences_of(meant: TrackedSessionQuerySet, *, scope: Scope, asked_by: Any) -> Consequences:
    """What ending the meant sessions, which are some of the scope's, does to admins.

    Raises liveness.StoreUnavailableError.
    """
    own = list(meant.filter(user=asked_by).newest_first().select_related("user")[:OWN_NAMED])
    others = meant.exclude(user=asked_by)
    people = _people(others)
    if len(people) > PEOPLE_ASKED_ABOUT:
        return Consequences(own=own, signed_out=[], staying=[], is_known=False)
    # In another form of this query the database would compare each with all of the others.
    is_meant = Exists(others.filter(pk=OuterRef("pk")))
    left = scope.sessions().active().exclude(user=asked_by).exclude(is_meant)
    people_left = _people(left)
    if len(people_left) > PEOPLE_ASKED_ABOUT:
        return Consequences(own=own, signed_out=[], staying=[], is_known=False)
    out, staying = _admins(people, scope), _admins(people_left, scope)
    signed_in = _signed_in(left.filter(user__in=[person.pk for person in staying]))
    staying = [person for person in staying if person.pk in signed_in]
    return Consequences(
        own=own,
        signed_out=_names(person for person in out if person not in staying),
        staying=_names(staying),
    )


def _people(sessions: TrackedSessionQuerySet) -> list[Any]:
    """Whose sessions these are; one more than may be asked about where there are too many."""
    theirs = Exists(sessions.filter(user=OuterRef("pk")))
    people = get_user_model()._default_manager.filter(theirs)
    return list(people[: PEOPLE_ASKED_ABOUT + 1])


def _admins(people: Iterable[Any], scope: Scope) -> list[Any]:
    ids = {account.id for account in scope.accounts}
    return [person for person in people if _administers(person, ids)]


def _administers(person: Any, ids: Collection[str]) -> bool:
    """Whether this person administers any of the accounts; without ids, any at all."""
    theirs = policy.scope_of(person)
    accounts = {account.id for account in (*theirs.accounts, *theirs.locked)}
    return theirs.everything or bool(accounts & set(ids) if ids else accounts)


def _signed_in(sessions: TrackedSessionQuerySet) -> set[Any]:
    """The people who are signed in with any of these sessions, by the store's word."""
    rows = list(sessions.select_related("user").newest_first()[: 5 * PEOPLE_ASKED_ABOUT])
    return {row.user.pk for row in liveness.signed_in(rows) if row.user}


def _names(people: Iterable[Any]) -> list[str]:
    return sorted(map(resolvers.person_name, people), key=str.casefold)
