"""What an end of many sessions means for those who administer: the one who asks, and the others.

Only what can be known is said, with a bounded number of questions: the host is asked once for all
admins (ADMINS_OF_ACCOUNTS), or, where it has no such answer, about each of a few people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet

from sessions_admin import liveness, policy, resolvers
from sessions_admin.models import TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.texts import printable

PEOPLE_NAMED = 100
# Where the host has to be asked about each person.
PEOPLE_ASKED_ABOUT = 10
OWN_NAMED = 20


@dataclass(frozen=True)
class Consequences:
    """``own`` are the asking person's sessions among those meant, the newest first.

    The other admins of the accounts by name: who is signed out everywhere in view, and who stays
    signed in. ``is_known`` is false where there were too many of them, or too many people to ask
    about.
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
    # In another form of this query the database would compare each with all of the others.
    is_meant = Exists(others.filter(pk=OuterRef("pk")))
    left = scope.sessions().active().exclude(user=asked_by).exclude(is_meant)
    try:
        out, staying = _admins_among(others, scope), _admins_among(left, scope)
    except _TooManyError:
        return Consequences(own=own, signed_out=[], staying=[], is_known=False)
    signed_in = _signed_in(left.filter(user__in=[person.pk for person in staying]))
    staying = [person for person in staying if person.pk in signed_in]
    return Consequences(
        own=own,
        signed_out=_names(person for person in out if person not in staying),
        staying=_names(staying),
    )


class _TooManyError(Exception):
    """More people than are asked about, or named."""


def _admins_among(sessions: TrackedSessionQuerySet, scope: Scope) -> list[Any]:
    """Those of the people of these sessions who administer an account of the scope.

    Raises _TooManyError.
    """
    ids = None if scope.everything else [account.id for account in scope.accounts]
    theirs = Exists(sessions.filter(user=OuterRef("pk")))
    people = get_user_model()._default_manager.filter(theirs)
    admins = resolvers.admins_of(ids)
    if admins is not None:
        return _few(people.filter(Q(pk__in=admins) | _is_superuser()), PEOPLE_NAMED)
    return [p for p in _few(people, PEOPLE_ASKED_ABOUT) if _administers(p, ids)]


def _few(people: QuerySet[Any], most: int) -> list[Any]:
    found = list(people[: most + 1])
    if len(found) > most:
        raise _TooManyError
    return found


def _is_superuser() -> Q:
    """Superusers administer every account; where no column says who is one, the host says it."""
    names = {field.name for field in get_user_model()._meta.get_fields()}
    return Q(is_superuser=True) if "is_superuser" in names else Q(pk__in=[])


def _administers(person: Any, ids: Collection[str] | None) -> bool:
    """Whether this person administers any of the accounts; with ``None``, any at all."""
    theirs = policy.scope_of(person)
    accounts = {account.id for account in (*theirs.accounts, *theirs.locked)}
    return theirs.everything or bool(accounts if ids is None else accounts & set(ids))


def _signed_in(sessions: TrackedSessionQuerySet) -> set[Any]:
    """The people who are signed in with any of these sessions, by the store's word."""
    rows = list(sessions.select_related("user").newest_first()[: 5 * PEOPLE_NAMED])
    return {row.user.pk for row in liveness.signed_in(rows) if row.user}


def _names(people: Iterable[Any]) -> list[str]:
    return sorted((_name(person) for person in people), key=str.casefold)


def _name(person: Any) -> str:
    name = getattr(person, "get_full_name", str)() or str(person.get_username())
    return printable(name, resolvers.NAME_LENGTH)
