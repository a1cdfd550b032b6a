"""Count the list without filters, which may have a million sessions.

Every counted row has to be read, since it may have expired or its user may be deactivated, and the
rows of one account are far apart on disk. So where there are clearly more rows than the bound,
only a sample is read.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import cached_property, partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connections
from django.db.models import BooleanField, ExpressionWrapper
from django.db.models.functions import Random

from sessions_admin import auth_backends, conf, querysets
from sessions_admin.flags import FLAGS
from sessions_admin.listing import counting
from sessions_admin.listing.count_sql import (
    NONE,
    column,
    count_by_flag,
    count_of,
    count_upto,
    facts_of,
    kept,
    newest_first,
    unordered,
)
from sessions_admin.listing.counting import Count, Counts, Statement
from sessions_admin.pipelines import Send
from sessions_admin.policy import Scope
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.unions import Sql, sql_of

Numbers = Mapping[str, Any]

# If there are at least a fifth more open rows than the bound, a random sample of this size is
# checked. If 95 % of it are active, more rows than the bound are active; by Chernoff's bound this
# is wrong once in 10 ** 14 times.
SAMPLE = 500
ENOUGH = 0.95
# The name of the query that says whether there are so many.
MANY = "are_many"
# The name of the rows among which few sessions are counted.
ROWS = "rows"
# Where there were few the last time. This only decides which of two statements is tried first.
_few: set[Hashable] = set()


class CountsOfAll(Counts):
    """Counts of which ``listed`` may come from a sample."""

    listing: TrackedSessionQuerySet

    @cached_property
    def listed(self) -> Count | None:
        if "listed" not in self._found:
            return None
        sampled = self._found["sampled"]
        if sampled is None:
            return Count.upto(counting.LISTED, self._found["listed"])
        if sampled >= ENOUGH * min(SAMPLE, _enough()):
            return Count(counting.LISTED, is_more=True)
        rows = self.listing.newest_first()[: counting.LISTED + 1]
        return Count.upto(counting.LISTED, rows.count())


def count(
    send: Send,
    scope: Scope,
    listed: TrackedSessionQuerySet,
    *,
    is_listed: bool,
    before: TrackedSessionQuerySet | None = None,
) -> Counts:
    """Count the active sessions in ``scope``, which are ``listed``, like ``counting.count``.

    Their number is only asked for if it ``is_listed``.
    """
    connection: Any = connections[listed.db]
    key = _key(connection, is_listed)
    # Those who see all ask the same for every page.
    is_kept = scope.everything and connection.vendor == "postgresql"

    def sent(kind: Hashable, write: Callable[[], dict[str, Sql]]) -> Callable[[], Numbers]:
        parts = kept((kind, key), write) if is_kept else write()
        statement = Statement(connection)
        if many := parts.pop(MANY, None):
            statement.named.append(many)
        statement.rows = parts.pop(ROWS, statement.rows)
        for name, number in parts.items():
            statement.ask(name, number)
        if before is not None:
            statement.ask("before", count_upto(before, counting.BEFORE, connection))
        return statement.sent(send)

    def counted() -> Callable[[], Numbers]:
        fetch = sent(MANY, partial(_written, scope, listed, connection, is_listed=is_listed))

        def answer() -> Numbers:
            found = fetch()
            if is_kept and is_listed and found["sampled"] is None:
                _few.add(key)
            return found

        return answer

    def few_counted() -> Callable[[], Numbers]:
        fetch = sent(ROWS, partial(_written_for_few, scope, listed, connection))

        def answer() -> Numbers:
            found = fetch()
            if found["listed"] < _enough():
                return found
            _few.discard(key)
            return counted()()

        return answer

    counts = CountsOfAll(few_counted() if key in _few and is_kept else counted())
    counts.listing = listed
    return counts


def _key(connection: Any, is_listed: bool) -> tuple[Any, ...]:
    """Return what the statements for all sessions depend on, beside the time."""
    return (
        connection.alias,
        is_listed,
        get_user_model(),
        auth_backends.refuse_inactive(),
        querysets.expired_until() is None,
        conf.current().many_sessions,
        (counting.LISTED, counting.FLAGGED, SAMPLE),
    )


def _written(
    scope: Scope, listed: TrackedSessionQuerySet, connection: Any, *, is_listed: bool
) -> dict[str, Sql]:
    """Return the statements for the numbers, and MANY."""
    found = unordered(listed, connection)
    facts = facts_of(listed, connection)
    numbers = count_by_flag(facts, found, counting.FLAGGED, connection)
    numbers["alarms"] = count_upto(scope.alarms(), counting.FLAGGED, connection)
    if not is_listed:
        return numbers
    opened = unordered(scope.open(), connection, "pk")
    if found is None or opened is None:
        return {**numbers, "sampled": ("NULL", ()), "listed": NONE}
    (sql, given), (open_sql, of_open) = found, opened
    order, enough = newest_first(connection), _enough()
    pk = column("id", connection)
    in_any_order = listed.query.get_compiler(connection=connection).compile(Random())[0]
    # The database draws the sample, so that no keys have to be read.
    drawn = (
        f"SELECT pk FROM ({open_sql} {order} LIMIT {enough}) AS newest "  # noqa: S608
        f"ORDER BY {in_any_order} LIMIT {SAMPLE}"
    )
    in_sample = count_of(f"{sql} AND {pk} IN ({drawn})")
    # Without an order: PostgreSQL would sort them all for it. SQLite would choose an index of ended
    # rows. The bound is never reached; without it, the plan would look so expensive that PostgreSQL
    # compiled it (JIT).
    unsorted = "" if connection.vendor == "postgresql" else order
    whole = count_of(f"{sql} {unsorted} LIMIT {enough}")
    are_many = f"(SELECT is_true FROM {MANY})"  # noqa: S608
    last = f"{open_sql} {order} LIMIT 1 OFFSET {enough - 1}"
    return {
        **numbers,
        MANY: (f"{MANY} (is_true) AS (SELECT EXISTS ({last}))", of_open),
        "sampled": (f"CASE WHEN {are_many} THEN {in_sample} END", (*given, *of_open)),
        "listed": (f"CASE WHEN {are_many} THEN 0 ELSE {whole} END", given),
    }


def _written_for_few(
    scope: Scope, listed: TrackedSessionQuerySet, connection: Any
) -> dict[str, Sql]:
    """Return the statements for the numbers if all rows are few enough to be read.

    PostgreSQL plans and runs them in two thirds of the time: each further mention of the table
    costs it a look at all of its indexes.
    """
    read = [flag for flag in FLAGS if flag.id != "many"]
    facts = [ExpressionWrapper(listed.has_flag(flag.id), BooleanField()) for flag in read]
    names = ", ".join(f"is_{flag.id}" for flag in read)
    sql, given = sql_of(listed.order_by().values_list(*facts), connection)
    found = unordered(listed, connection)
    numbers = count_by_flag(facts_of(listed, connection), found, counting.FLAGGED, connection)
    return {
        **numbers,
        **{flag.id: (f"COUNT(*) FILTER (WHERE is_{flag.id})", ()) for flag in read},
        "alarms": count_upto(scope.alarms(), counting.FLAGGED, connection),
        "sampled": ("NULL", ()),
        "listed": ("COUNT(*)", ()),
        ROWS: (f"({sql} LIMIT {_enough()}) AS found ({names})", given),
    }


def _enough() -> int:
    """How many open rows allow a sample."""
    return counting.LISTED + max(counting.LISTED // 5, 1)
