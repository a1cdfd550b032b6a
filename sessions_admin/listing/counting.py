"""Count sessions: exactly up to a bound, and as "more than" the bound beyond it.

Every counted row has to be read, since it may have expired or its user may be deactivated, and the
rows of one account are far apart on disk. So where there are clearly more rows than the bound,
only a sample is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Value
from django.db.models.functions import Random
from django.utils.formats import number_format

from sessions_admin.flags import FLAGS
from sessions_admin.listing.pagination import Cursor, Page, starting_at
from sessions_admin.pipelines import Send
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.unions import Sql, sql_of, union_all

# The bounds: for the whole list, for results of filters and search, and for each flag.
LISTED = 10_000
FOUND = 1000
FLAGGED = 100
# And for the rows before a page, so that a page further down costs no more.
BEFORE = 1000
# If there are at least a fifth more open rows than the bound, a random sample of this size is
# checked. If 95 % of it are active, more rows than the bound are active; by Chernoff's bound this
# is wrong once in 10 ** 14 times.
SAMPLE = 500
ENOUGH = 0.95

NONE: Sql = ("0", ())


@dataclass(frozen=True)
class Count:
    """A count of exactly ``number``, or of more than ``number`` if ``is_more``."""

    number: int
    is_more: bool = False

    @classmethod
    def upto(cls, bound: int, found: int) -> Count:
        return cls(min(found, bound), is_more=found > bound)


def grouped(number: int) -> str:
    """Format a number with digit grouping in the active language."""
    return str(number_format(number, force_grouping=True))


class Counts:
    """The counts of a page of the list.

    The database is asked when this is made, and works while the page does something else, until
    ``go_on``, which asks for the rest, and until the counts are read.
    """

    def __init__(
        self,
        send: Send,
        listed: TrackedSessionQuerySet | None,
        *,
        flagged_among: TrackedSessionQuerySet,
        alarms: TrackedSessionQuerySet,
        among: TrackedSessionQuerySet | None,
        before: TrackedSessionQuerySet | None = None,
    ) -> None:
        """Count the rows of ``listed``, if given, those of ``flagged_among`` by flag, the alarms,
        and those that come ``before`` the page.

        ``among`` are all open rows, of which ``listed`` and ``flagged_among`` are the active ones,
        or ``None`` if filters apply: then a sample cannot be used.
        """
        self._send, self._listed = send, listed
        # The first one's connection for all: a router may return another replica for each.
        connection = connections[flagged_among.db]
        found = _unordered(flagged_among, connection)
        self._sampled: Callable[[], Any] | None = None
        if listed is not None and among is not None:
            # Without filters the flags are counted among the same rows.
            sample = _active_in_sample(listed, found, among, connection)
            self._sampled = send(*sample) if sample else None
        self._asked = _by_flag(flagged_among, found, connection)
        self._asked["alarms"] = _number(alarms, FLAGGED, connection)
        if before is not None:
            self._asked["before"] = _number(before, BEFORE, connection)
        self._answer: Callable[[], Any] | None = None
        if listed is not None and among is None:
            self._asked["listed"] = _number(listed, FOUND, connection)
        elif listed is not None:
            self._asked["listed"] = _whole(listed, found, connection)
        self._bound = FOUND if among is None else LISTED

    def go_on(self) -> Callable[[], Any]:
        """Ask for what remains, which depends on the first answer."""
        if self._answer is None:
            if self._sample is not None:
                del self._asked["listed"]
            self._answer = self._send(*_in_one_statement(self._asked))
        return self._answer

    @cached_property
    def flags(self) -> dict[str, Count]:
        """How many rows have each flag."""
        return {flag.id: Count.upto(FLAGGED, self._found[flag.id]) for flag in FLAGS}

    @cached_property
    def alarms(self) -> Count:
        return Count.upto(FLAGGED, self._found["alarms"])

    @cached_property
    def before(self) -> Count:
        """How many rows come before the page."""
        return Count.upto(BEFORE, self._found.get("before", 0))

    @cached_property
    def listed(self) -> Count | None:
        """How many rows are listed; ``None`` if that was not asked."""
        if self._listed is None:
            return None
        if self._sample is None:
            return Count.upto(self._bound, self._found["listed"])
        if self._sample >= ENOUGH * min(SAMPLE, _enough()):
            return Count(self._bound, is_more=True)
        some = self._listed.newest_first()[: self._bound + 1]
        return Count.upto(self._bound, some.count())

    @cached_property
    def _sample(self) -> int | None:
        """How many of a sample are listed; ``None`` if there are too few rows for a sample."""
        found: int | None = self._sampled()[0] if self._sampled else None
        return found

    @cached_property
    def _found(self) -> dict[str, int]:
        answer = self.go_on()
        return dict(zip(self._asked, answer(), strict=True))


def count_parts(
    parts: Sequence[TrackedSessionQuerySet], page: Page, alarms: TrackedSessionQuerySet
) -> tuple[Count, Count, Count]:
    """Count the rows of all ``parts`` up to FOUND, those before the page of them, and the alarms.

    If the page has all rows, only alarms are counted.
    """
    connection = connections[alarms.db]
    before = [_beyond(part, page.newer) for part in parts] if page.newer else []
    listed = parts if page.newer or page.older else []
    asked = {
        "listed": _number_of_all(listed, FOUND, connection),
        "before": _number_of_all(before, BEFORE, connection),
        "alarms": _number(alarms, FLAGGED, connection),
    }
    with connection.cursor() as cursor:
        cursor.execute(*_in_one_statement(asked))
        found = dict(zip(asked, cursor.fetchone(), strict=True))
    total = found["listed"] if listed else len(page.rows)
    passed, alarm = Count.upto(BEFORE, found["before"]), Count.upto(FLAGGED, found["alarms"])
    return Count.upto(FOUND, total), passed, alarm


def _beyond(part: TrackedSessionQuerySet, newer: Cursor) -> TrackedSessionQuerySet:
    rows = starting_at(part, newer, backwards=True)
    return rows if part.ordered else rows.order_by()


def _number_of_all(parts: Sequence[TrackedSessionQuerySet], bound: int, connection: Any) -> Sql:
    """Return the count of the rows of all parts up to one past the bound.

    The database reads no further part when it has found so many.
    """
    rows = [
        (part.newest_first() if part.ordered else part)[: bound + 1].values_list(Value(1))
        for part in parts
    ]
    try:
        sql, parameters = union_all(rows, connection)
    except EmptyResultSet:
        return NONE
    return f"(SELECT COUNT(*) FROM ({sql} LIMIT {bound + 1}) AS found)", parameters  # noqa: S608


def count_before(rows: TrackedSessionQuerySet) -> Count:
    """Count the rows that come before a page."""
    return Count.upto(BEFORE, rows.newest_first()[: BEFORE + 1].count())


def up_to_a_hundred(rows: TrackedSessionQuerySet) -> Count:
    """Count a few rows that have an index of their own, as exactly as the flags."""
    return Count.upto(FLAGGED, rows.newest_first()[: FLAGGED + 1].count())


def _by_flag(rows: TrackedSessionQuerySet, found: Sql | None, connection: Any) -> dict[str, Sql]:
    """Return the count of the rows with each flag, by flag."""
    if found is None:
        return {flag.id: NONE for flag in FLAGS}
    sql, params = found
    compiler = rows.query.get_compiler(connection=connection)
    order = _newest_first(rows, connection)
    counts = {}
    for flag in FLAGS:
        if flag.column:
            has_flag, more = _column(rows, flag.column, connection), ()
        else:
            has_flag, more = compiler.compile(rows.query.build_where(rows.has_flag(flag.id)))
        statement = f"{sql} AND ({has_flag}) {order} LIMIT {FLAGGED + 1}"
        counts[flag.id] = _count_of(statement), (*params, *more)
    return counts


def _active_in_sample(
    listed: TrackedSessionQuerySet,
    found: Sql | None,
    among: TrackedSessionQuerySet,
    connection: Any,
) -> Sql | None:
    """Return how many of a sample of the newest rows are listed; NULL if those are too few."""
    unended = _unordered(among, connection, "pk")
    if found is None or unended is None:
        return None
    (sql, params), (open_sql, open_params) = found, unended
    order = _newest_first(listed, connection)
    pk = _column(listed, listed.model._meta.pk.column, connection)
    in_any_order = among.query.get_compiler(connection=connection).compile(Random())[0]
    are_many = f"EXISTS ({open_sql} {order} LIMIT 1 OFFSET {_enough() - 1})"
    # The database draws the sample, so that no keys have to be read.
    sample = (
        f"SELECT pk FROM ({open_sql} {order} LIMIT {_enough()}) AS newest "  # noqa: S608
        f"ORDER BY {in_any_order} LIMIT {SAMPLE}"
    )
    in_sample = _count_of(f"{sql} AND {pk} IN ({sample})")
    asked = f"SELECT CASE WHEN {are_many} THEN {in_sample} END"
    return asked, (*open_params, *params, *open_params)


def _whole(rows: TrackedSessionQuerySet, found: Sql | None, connection: Any) -> Sql:
    """Return the count of these rows, which are too few for a sample."""
    if found is None:
        return NONE
    sql, params = found
    # So they need neither an order nor a bound. PostgreSQL would sort them all for it; SQLite would
    # choose an index of ended rows without it.
    if connection.vendor != "postgresql":
        sql = f"{sql} {_newest_first(rows, connection)} LIMIT {LISTED + 1}"
    return _count_of(sql), params


def _enough() -> int:
    """How many open rows allow a sample."""
    return LISTED + max(LISTED // 5, 1)


def _number(rows: TrackedSessionQuerySet, bound: int, connection: Any) -> Sql:
    """Return the count of these rows, up to one past the bound."""
    found = _unordered(rows, connection)
    if found is None:
        return NONE
    sql, params = found
    # In the order that makes databases use an index.
    return _count_of(f"{sql} {_newest_first(rows, connection)} LIMIT {bound + 1}"), params


def _count_of(sql: str) -> str:
    return f"(SELECT COUNT(*) FROM ({sql}) AS found)"  # noqa: S608


def _unordered(rows: TrackedSessionQuerySet, connection: Any, *columns: str) -> Sql | None:
    """Return the statement for these rows up to its condition; ``None`` if none can match.

    Django writes it once for all that is counted among them, which takes longer than the counts.
    """
    chosen = rows.order_by().values_list(*columns or [Value(1)])
    try:
        return sql_of(chosen, connection)
    except EmptyResultSet:
        # A filter has a wrong value, for example.
        return None


def _newest_first(rows: TrackedSessionQuerySet, connection: Any) -> str:
    names = ("created_at", rows.model._meta.pk.column)
    columns = (f"{_column(rows, name, connection)} DESC" for name in names)
    return f"ORDER BY {', '.join(columns)}"


def _column(rows: TrackedSessionQuerySet, name: str, connection: Any) -> str:
    quoted = connection.ops.quote_name
    return f"{quoted(rows.model._meta.db_table)}.{quoted(name)}"


def _in_one_statement(asked: Mapping[str, Sql]) -> Sql:
    parts = ", ".join(sql for sql, _parameters in asked.values())
    return f"SELECT {parts}", tuple(p for _sql, given in asked.values() for p in given)
