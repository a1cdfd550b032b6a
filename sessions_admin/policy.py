"""Who may see and end which sessions. Reading and acting both start at ``visible_to``.

Admins see the sessions in their accounts, and all sessions of the other admins of these accounts.
An admin can see and end an account's sessions while signed in to another account, so that session
concerns the account, too. Only the project knows its admins (ADMINS_OF_ACCOUNTS); without that
setting, sessions in other accounts are not in scope. Those who see all sessions (SEES_ALL) operate
the site: they are admins of an account only if the project says so.

Where people rather than sessions belong to accounts (MEMBERS_OF_ACCOUNTS), all sessions of an
account's members are in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from sessions_admin import conf, resolvers
from sessions_admin.json_lists import AllIn, AnyIn
from sessions_admin.models import Export, Termination, TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet, belongs_to
from sessions_admin.resolvers import AccountRef

# For a record, up to this many accounts are asked one by one whether it affects their members.
ACCOUNTS_ASKED = 20


@dataclass(frozen=True)
class Scope:
    """The accounts that a person administers: those whose plan includes the page, and the others.

    ``everything`` means all accounts; ``locked`` are those without the page in their plan. Where
    ``reads_records`` is set, one statement asks of open and of ended rows what both need.
    """

    everything: bool = False
    accounts: tuple[AccountRef, ...] = ()
    locked: tuple[AccountRef, ...] = ()
    reads_records: bool = field(default=False, compare=False)

    @property
    def is_admin(self) -> bool:
        return self.everything or bool(self.accounts or self.locked)

    @property
    def is_locked(self) -> bool:
        return not self.everything and not self.accounts and bool(self.locked)

    @classmethod
    def of_accounts(cls, account_ids: Iterable[str]) -> Scope:
        """Return the scope of an admin of these accounts; without accounts, of every account."""
        accounts = tuple(AccountRef(id=each, name=each) for each in account_ids)
        return cls(everything=not accounts, accounts=accounts)

    def sessions(self) -> TrackedSessionQuerySet:
        """Return all sessions in scope, active or ended. Lists use ``open``, which has an index."""
        admins = resolvers.admins_of(self._ids) if self._ids else None
        if self.everything or admins is None:
            return self.inside()
        return TrackedSession.objects.filter(belongs_to(self._ids) | Q(user__in=admins))

    def open(self) -> TrackedSessionQuerySet:
        """Return the open ones of ``sessions``.

        Almost always all of them are in the accounts themselves, which have an index. So the query
        names only those admins who have an open session elsewhere.
        """
        return self._listed().open()

    def over(self) -> TrackedSessionQuerySet:
        """Return the ended ones of ``sessions``, whose indexes are other ones."""
        if not self._admins_over_elsewhere:
            return self.inside().over()
        elsewhere = Q(user__in=self._admins_over_elsewhere)
        return TrackedSession.objects.over().filter(belongs_to(self._ids) | elsewhere)

    def active(self) -> TrackedSessionQuerySet:
        """Return the active ones of ``sessions``, as far as the database knows."""
        return self._listed().active()

    def _listed(self) -> TrackedSessionQuerySet:
        if not self._admins_elsewhere:
            return self.inside()
        elsewhere = Q(user__in=self._admins_elsewhere)
        return TrackedSession.objects.filter(belongs_to(self._ids) | elsewhere)

    def on_record(self) -> TrackedSessionQuerySet:
        """Return the rows of both ``open`` and ``over``, which only a user's index has together."""
        people = {*self._admins_elsewhere, *self._admins_over_elsewhere}
        if not people:
            return self.inside()
        elsewhere = Q(user__in=people)
        return TrackedSession.objects.filter(belongs_to(self._ids) | elsewhere)

    def inside(self) -> TrackedSessionQuerySet:
        """Return all sessions in the accounts themselves, active or ended."""
        if self.everything:
            return TrackedSession.objects.all()
        return TrackedSession.objects.of_accounts(self._ids)

    def alarms(self) -> TrackedSessionQuerySet:
        """Return terminated sessions of the accounts that were reused and not looked at since."""
        return self.inside().unseen_reuse()

    def is_elsewhere(self, session: TrackedSession) -> bool:
        """Whether a session in scope is an admin's session outside these accounts."""
        if self.everything or session.account_id in self._ids:
            return False
        return not _has_members() or session.user_id in self._admins_elsewhere

    def elsewhere(self, sessions: TrackedSessionQuerySet) -> TrackedSessionQuerySet:
        """Return those of the sessions in scope that are admins' sessions outside the accounts."""
        if not self._admins_elsewhere:
            return sessions.none()
        outside = sessions.exclude(account_id__in=self._ids)
        return outside.filter(user__in=self._admins_elsewhere) if _has_members() else outside

    def may_name_account(self, session: TrackedSession) -> bool:
        """Whether this scope's readers may see the name of the account that a session is in."""
        return self.everything or session.account_id in self._ids

    def divided(
        self, sessions: TrackedSessionQuerySet
    ) -> tuple[TrackedSessionQuerySet, TrackedSessionQuerySet]:
        """Split sessions in scope into those whose account may be named, and the others."""
        if self.accounts_named is None:
            return sessions, sessions.none()
        # Sessions of members need not be in any account.
        named = [*self._ids, ""] if _has_members() else self._ids
        return sessions.in_accounts(named), sessions.exclude(account_id__in=named)

    @property
    def accounts_named(self) -> list[str] | None:
        """The ids of the accounts whose names a search may find; ``None`` for all in scope."""
        if self.everything:
            return None
        are_others_in_scope = _has_members() and resolvers.sessions_have_accounts()
        return self._ids if are_others_in_scope or self._admins_elsewhere else None

    @property
    def accounts_named_on_record(self) -> list[str] | None:
        """The same for a search among sessions that have ended, too."""
        named = self.accounts_named
        return self._ids if named is None and self._admins_over_elsewhere else named

    @cached_property
    def _ids(self) -> list[str]:
        return [account.id for account in self.accounts]

    @cached_property
    def _admins_elsewhere(self) -> list[Any]:
        """The primary keys of admins of these accounts who have an open session outside them."""
        if not self._ids:
            return []
        if self.reads_records:
            return [key for key, is_open, _is_over in self._admins_on_record if is_open]
        is_open = self._has_outside(TrackedSession.objects.open())
        return [key for (key,) in self._admins("pk", where=is_open)]

    @cached_property
    def _admins_over_elsewhere(self) -> list[Any]:
        """The same of those who have had a session outside them that has ended."""
        return [key for key, _is_open, is_over in self._admins_on_record if is_over]

    @cached_property
    def _admins_on_record(self) -> list[tuple[Any, bool, bool]]:
        """The primary keys of both, each with whether it is one of the first, and of the second."""
        is_open = self._has_outside(TrackedSession.objects.open())
        is_over = self._has_outside(TrackedSession.objects.over())
        found = self._admins("pk", is_open, is_over, where=Q())
        return [row for row in found if row[1] or row[2]]

    def _admins(self, *values: Any, where: Any) -> list[tuple[Any, ...]]:
        """Return these values of the admins of these accounts; none if the project names none."""
        admins = resolvers.admins_of(self._ids) if self._ids else None
        if admins is None:
            return []
        people = get_user_model()._base_manager.filter(where, pk__in=admins)
        return list(people.values_list(*values))

    def _has_outside(self, sessions: TrackedSessionQuerySet) -> Exists:
        """Return whether a user has such a session outside these accounts."""
        outside = sessions.exclude(belongs_to(self._ids))
        return Exists(outside.filter(user=OuterRef("pk")))

    def terminations(self, user: Any) -> QuerySet[Termination]:
        """Return the terminations that affected these accounts, and the user's own ones.

        Terminations of sessions in other accounts are not shown to these accounts' admins. One that
        found nothing to end is shown to those who administer all accounts it was for.
        """
        if self.everything:
            return Termination.objects.all()
        seen = self.inside().filter(termination=OuterRef("pk"))
        return Termination.objects.filter(self.whole(user) | Exists(seen))

    def affected(self, sessions: TrackedSessionQuerySet) -> list[str]:
        """Return the ids of the accounts that it affects to end these sessions, for the record.

        They are the scope's own. The admins of another account, where an admin of the scope was
        signed in, may not read the whole entry.
        """
        if self.everything or not _has_members():
            found = sorted(set(sessions.order_by().values_list("account_id", flat=True)))
            return found if self.everything or set(found) <= set(self._ids) else self._ids
        if len(self._ids) > ACCOUNTS_ASKED:
            return self._ids
        return [each for each in self._ids if sessions.of_accounts([each]).exists()] or self._ids

    def exports(self, user: Any) -> QuerySet[Export]:
        """Return the exports that could contain sessions of these accounts, and the user's own.

        Exports of all accounts are shown to those who see all accounts.
        """
        if self.everything:
            return Export.objects.all()
        return Export.objects.filter(Q(actor=user) | Q(AnyIn(F("account_ids"), self._ids)))

    def has_whole(self, act: Termination | Export, user: Any) -> bool:
        """Whether this user may read the whole entry, with its texts and totals.

        If a termination also affected accounts they do not administer, they may see only the
        sessions in their own; of an export that it took place.
        """
        if self.everything or act.actor_id == user.pk:
            return True
        affected = set(act.account_ids)
        return bool(affected) and affected <= {account.id for account in self.accounts}

    def whole(self, user: Any) -> Q:
        """Match the terminations for which ``has_whole`` is true."""
        if self.everything:
            return Q()
        is_within = Q(AllIn(F("account_ids"), self._ids)) & ~Q(account_ids=[])
        return Q(actor=user) | is_within


def scope_of(user: Any) -> Scope:
    """Return the scope of a user; for those who see all it is every account, whatever its plan."""
    if not user.is_authenticated or not getattr(user, "is_active", True):
        return Scope()
    if resolvers.sees_all(user):
        return Scope(everything=True)
    administered = resolvers.administered_by(user)
    return Scope(
        accounts=tuple(a.account for a in administered if a.included),
        locked=tuple(a.account for a in administered if not a.included),
    )


def own_sessions(user: Any) -> TrackedSessionQuerySet:
    """Return a user's own sessions, which every user may see and end."""
    return TrackedSession.objects.filter(user=user)


def visible_to(user: Any) -> TrackedSessionQuerySet:
    """Return the sessions that this user may see and end; for them, others do not exist."""
    return scope_of(user).sessions()


def _has_members() -> bool:
    """Whether people rather than sessions belong to accounts."""
    return bool(conf.current().members_of_accounts)
