"""The queries on tracked sessions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q
from django.utils import timezone

from sessions_admin import auth_backends, conf, engines, flags, resolvers, search

SEARCH_WORDS = 8


@dataclass(frozen=True)
class Filters:
    """What narrows the list; empty texts narrow nothing.

    ``user`` is a primary key as text, ``country`` an ISO 3166 code.
    """

    q: str = ""
    account: str = ""
    user: str = ""
    application: str = ""
    country: str = ""
    flag: str = ""

    def __bool__(self) -> bool:
        return any((self.q, self.account, self.user, self.application, self.country, self.flag))


class TrackedSessionQuerySet(models.QuerySet[Any]):
    def open(self) -> TrackedSessionQuerySet:
        """Rows that nothing has ended yet."""
        return self.filter(ended_at=None)

    def active(self) -> TrackedSessionQuerySet:
        """Rows that may still be signed in, as far as the database knows.

        A session that is saved gets a new expiry, which reaches its row at most one activity
        interval later, so a row is left out only when that has passed, too; and not at all where
        an expiry is not decided when a session is saved. ``liveness`` decides in the end.
        """
        if not engines.current().expires_as_saved:
            return self.open().filter(_user_may_sign_in())
        late = timedelta(seconds=conf.current().activity_interval)
        is_unexpired = Q(expires_at__gt=timezone.now() - late)
        return self.open().filter(is_unexpired, _user_may_sign_in())

    def in_accounts(self, account_ids: Iterable[str]) -> TrackedSessionQuerySet:
        """Rows of sessions that are signed in to one of these accounts."""
        return self.filter(account_id__in=list(account_ids))

    def of_accounts(self, account_ids: Iterable[str]) -> TrackedSessionQuerySet:
        """Rows that belong to these accounts (see ``belongs_to``)."""
        return self.filter(belongs_to(account_ids))

    def matching(
        self, filters: Filters, *, accounts_named: Collection[str] | None = None
    ) -> TrackedSessionQuerySet:
        """Rows that fit every filter and every word of the search.

        ``accounts_named`` are the ids of the accounts whose names the search may find, if that
        is not all: what a reader may not see, they must not find out by searching.
        """
        found = self
        if filters.account:
            found = found.of_accounts([filters.account])
        if filters.user:
            found = found.filter(user__pk=filters.user)
        if filters.application:
            found = found.filter(application=filters.application)
        if filters.country:
            found = found.filter(country_code=filters.country)
        if filters.flag:
            flag = flags.BY_ID.get(filters.flag)
            found = found.filter(flag.condition()) if flag else found.none()
        for condition in search.conditions(filters.q, accounts_named=accounts_named):
            found = found.filter(condition)
        return found

    def reused_elsewhere(self) -> TrackedSessionQuerySet:
        """Ended rows whose cookie was used again from an origin the session never had.

        One use by its own browser is normal: it does not know of the end yet.
        """
        return self.filter(was_reused_elsewhere=True)

    def for_liveness(self) -> TrackedSessionQuerySet:
        """With their users, and without the long texts that are not needed there."""
        return self.select_related("user").defer("search_text", "other_origins", "user_agent")

    def newest_first(self) -> TrackedSessionQuerySet:
        return self.order_by("-created_at", "-pk")


def belongs_to(account_ids: Iterable[str]) -> Q:
    """Match sessions that are signed in to one of these accounts, or of a member of one.

    Members count if the project names them (MEMBERS_OF_ACCOUNTS).
    """
    ids = list(account_ids)
    members = resolvers.members_of(ids) if ids else None
    if members is None:
        return Q(account_id__in=ids)
    if not resolvers.sessions_have_accounts():
        # The database plans a single condition far better than two.
        return Q(user__in=members)
    return Q(account_id__in=ids) | Q(user__in=members)


def _user_may_sign_in() -> Q:
    """Without its user, or with a deactivated one, a session is not answered as signed in.

    Nothing is known where a backend accepts others, too (see ``auth_backends``).
    """
    if not auth_backends.refuse_inactive():
        return Q()
    try:
        field = get_user_model()._meta.get_field("is_active")
    except FieldDoesNotExist:
        return Q(user__isnull=False)
    # What else a project calls so is decided by its backend.
    is_column = isinstance(field, models.BooleanField)
    return Q(user__is_active=True) if is_column else Q(user__isnull=False)
