"""The queries on tracked sessions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, reduce
from operator import or_
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import connections, models
from django.db.models import BooleanField, Func, IntegerField, Q, Value
from django.db.models.signals import post_save, pre_save
from django.utils import timezone

from sessions_admin import auth_backends, conf, engines, flags, resolvers, search
from sessions_admin.search_conditions import TextIndex

SEARCH_WORDS = 8


@dataclass(frozen=True)
class Filters:
    """What narrows the list; empty texts narrow nothing.

    ``user`` is a primary key as text, ``country`` an ISO 3166 code. Rows with any one of the flags
    match ``flag``.
    """

    q: str = ""
    account: str = ""
    user: str = ""
    application: str = ""
    country: str = ""
    flag: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.q, self.account, self.user, self.application, self.country, self.flag))


class _OfSameUser(Func):
    """A fact about the active rows of a row's user in the row's account, up to ``number`` of them.

    Every page of the list asks for two of these. Django takes longer to write such a subquery than
    the database to run it, so it is written here.
    """

    fact = ""
    rows = (
        "{table} AS same_user WHERE same_user.ended_at IS NULL "
        # A condition that has no index: PostgreSQL takes a large account for one of average size,
        # and would look up all of its rows for each of these few.
        "AND same_user.user_id = {user} "
        "AND CASE WHEN same_user.account_id = {account} THEN TRUE ELSE FALSE END"
    )
    unexpired = " AND same_user.expires_at > {late}"

    def __init__(self, table: str, number: int, late: datetime | None) -> None:
        self._table, self._number = table, number
        bound = [] if late is None else [Value(late, models.DateTimeField())]
        super().__init__("user_id", "account_id", "is_one_of_many", *bound)

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Any:  # type: ignore[override]
        (user, account, flag, *bound) = map(compiler.compile, self.source_expressions)
        rows = self.rows.format(
            table=connection.ops.quote_name(self._table), user=user[0], account=account[0]
        )
        params: list[Any] = []
        for late, values in bound:
            rows += self.unexpired.format(late=late)
            params += values
        return self.fact.format(rows=rows, number=self._number, flag=flag[0]), params


class _HasMoreOfSameUser(_OfSameUser):
    """Whether there are more than ``number``."""

    output_field = BooleanField()
    fact = "EXISTS (SELECT 1 FROM {rows} LIMIT 1 OFFSET {number})"


class _NumberOfSameUser(_OfSameUser):
    """How many there are, where the row has the flag for many; 0 where it has not."""

    output_field = IntegerField()
    fact = (
        "CASE WHEN {flag} THEN "
        "(SELECT COUNT(*) FROM (SELECT 1 FROM {rows} LIMIT {number}) AS counted) ELSE 0 END"
    )


class TrackedSessionQuerySet(models.QuerySet[Any]):
    def open(self) -> TrackedSessionQuerySet:
        """Rows that nothing has ended yet."""
        return self.filter(ended_at=None)

    def over(self) -> TrackedSessionQuerySet:
        """Rows that have ended."""
        return self.filter(ended_at__isnull=False)

    def active(self) -> TrackedSessionQuerySet:
        """Rows that may still be signed in, as far as the database knows.

        A session that is saved gets a new expiry, which reaches its row at most one activity
        interval later, so a row is left out only when that has passed, too; and not at all where
        an expiry is not decided when a session is saved. ``liveness`` decides in the end.
        """
        return self.filter(_is_unexpired() & _user_may_sign_in())

    def unexpired(self) -> TrackedSessionQuerySet:
        """Rows that may still be active, whatever their users may do."""
        return self.filter(_is_unexpired())

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
            found = found.flagged(filters.flag)
        return found.fitting(search.conditions(filters.q, accounts_named=accounts_named))

    def fitting(self, conditions: Iterable[Q]) -> TrackedSessionQuerySet:
        """Rows that fit all of these conditions."""
        return reduce(TrackedSessionQuerySet.filter, conditions, self)

    def by_index(self, index: TextIndex) -> TrackedSessionQuerySet:
        """The same rows, for a search that PostgreSQL is to answer from this index of the texts.

        It then plans in a tenth of the time, since it does not estimate how many rows match.
        """
        found = self._chain()  # type: ignore[attr-defined]
        found.query.index = index
        return found  # type: ignore[no-any-return]

    def flagged(self, ids: Collection[str]) -> TrackedSessionQuerySet:
        """Rows with any of these flags now; none if one of them does not exist."""
        if not set(ids) <= set(flags.BY_ID):
            return self.none()
        return self.filter(reduce(or_, map(self.has_flag, ids))) if ids else self

    def has_flag(self, flag: str) -> Q:
        """The condition on a row that has this flag now."""
        condition: Q = flags.BY_ID[flag].condition()
        if flag == "many":
            limit = conf.current().many_sessions
            condition &= Q(_HasMoreOfSameUser(self.model._meta.db_table, limit, expired_until()))
        return condition

    def with_active_count(self) -> TrackedSessionQuerySet:
        """Rows with ``active_count``, where they have the flag for many active sessions."""
        return self.annotate(active_count=self._active_count())  # type: ignore[no-any-return]

    def active_count_sql(self, compiler: Any) -> tuple[str, list[Any]]:
        """Return the SQL of ``active_count`` and its parameters, for a statement of one's own."""
        found: tuple[str, list[Any]] = compiler.compile(
            self._active_count().resolve_expression(self.query)
        )
        return found

    def _active_count(self) -> Func:
        return _NumberOfSameUser(self.model._meta.db_table, flags.COUNTED + 1, expired_until())

    def reused_elsewhere(self) -> TrackedSessionQuerySet:
        """Ended rows whose cookie was used again from an origin the session never had.

        One use by its own browser is normal: it does not know of the end yet.
        """
        return self.filter(was_reused_elsewhere=True)

    def unseen_reuse(self) -> TrackedSessionQuerySet:
        """Terminated ones of these whose reuse nobody has looked at in the termination log."""
        return self.filter(was_reused_elsewhere=True, termination__isnull=False, reuse_seen_at=None)

    def for_liveness(self) -> TrackedSessionQuerySet:
        """With their users, and without the long texts that are not needed there."""
        return self.select_related("user").defer("search_text", "other_origins", "user_agent")

    def newest_first(self) -> TrackedSessionQuerySet:
        return self.order_by("-created_at", "-pk")

    def insert(self, row: Any) -> None:
        """Write a new row like ``row.save(force_insert=True)``, in about half the time.

        Each sign-in waits for it. All rows are inserted with the same statement, but Django builds
        it anew for each.
        """
        connection: Any = connections[self.db]
        model: Any = self.model
        returns = connection.features.can_return_columns_from_insert
        fields, sql = _insertion(model, returns)
        sent = {"instance": row, "raw": False, "using": self.db, "update_fields": None}
        pre_save.send(model, **sent)
        values = [f.get_db_prep_save(f.pre_save(row, add=True), connection) for f in fields]
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            # SQLite before 3.35 cannot return it.
            row.pk = cursor.fetchone()[0] if returns else cursor.lastrowid
        row._state.adding, row._state.db = False, self.db
        post_save.send(model, **sent, created=True)


@cache
def _insertion(model: Any, returns: bool) -> tuple[list[Any], str]:
    """Return the fields that a new row is written with, and the statement that writes it."""
    meta = model._meta
    fields = [f for f in meta.concrete_fields if not (f.primary_key or f.generated)]
    columns, slots = ", ".join(f.column for f in fields), ", ".join("%s" for _ in fields)
    # All names are the model's own.
    sql = f"INSERT INTO {meta.db_table} ({columns}) VALUES ({slots})"  # noqa: S608
    return fields, f"{sql} RETURNING {meta.pk.column}" if returns else sql


def expired_until() -> datetime | None:
    """Return until when rows have expired for certain; ``None`` if their expiry does not say."""
    if not engines.current().expires_as_saved:
        return None
    return timezone.now() - timedelta(seconds=conf.current().activity_interval)


def _is_unexpired() -> Q:
    late = expired_until()
    return Q(ended_at=None) if late is None else Q(ended_at=None) & Q(expires_at__gt=late)


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
