"""Who may see and end which sessions. Reading and acting both start at ``visible_to``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from sessions_admin import resolvers
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.resolvers import AccountRef


@dataclass(frozen=True)
class Scope:
    """What one person administers: the accounts whose plan includes the page, and those locked."""

    everything: bool = False
    accounts: tuple[AccountRef, ...] = ()
    locked: tuple[AccountRef, ...] = ()

    @property
    def is_admin(self) -> bool:
        return self.everything or bool(self.accounts or self.locked)

    @property
    def is_locked(self) -> bool:
        return not self.everything and not self.accounts and bool(self.locked)

    def sessions(self) -> TrackedSessionQuerySet:
        if self.everything:
            return TrackedSession.objects.all()
        return TrackedSession.objects.in_accounts(account.id for account in self.accounts)

    def terminations(self, user: Any) -> QuerySet[Termination]:
        """The terminations of sessions in this scope, and the person's own acts."""
        if self.everything:
            return Termination.objects.all()
        seen = self.sessions().filter(termination=OuterRef("pk"))
        return Termination.objects.filter(Q(actor=user) | Exists(seen))

    def has_whole(self, termination: Termination, user: Any) -> bool:
        """Whether this person may read the whole entry, with its texts and totals.

        An act may have gone beyond the accounts they administer; then they may see only the
        sessions in their own.
        """
        if self.everything or termination.actor_id == user.pk:
            return True
        affected = set(termination.account_ids)
        return bool(affected) and affected <= {account.id for account in self.accounts}


def scope_of(user: Any) -> Scope:
    """The scope of a person; a superuser's is every account, whatever its plan."""
    if not user.is_active or not user.is_authenticated:
        return Scope()
    if user.is_superuser:
        return Scope(everything=True)
    administered = resolvers.administered_by(user)
    return Scope(
        accounts=tuple(a.account for a in administered if a.included),
        locked=tuple(a.account for a in administered if not a.included),
    )


def own_sessions(user: Any) -> TrackedSessionQuerySet:
    """A person's own sessions, which everybody may see and end."""
    return TrackedSession.objects.filter(user=user)


def visible_to(user: Any) -> TrackedSessionQuerySet:
    """The sessions that this person may see and end; others do not exist for them."""
    return scope_of(user).sessions()
