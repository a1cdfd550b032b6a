"""Count sessions: exactly up to a bound, and as "more than" the bound beyond it.

Every counted row has to be read, since it may have expired or its user may be deactivated, and the
rows of one account are far apart on disk. So where there are clearly more rows than the bound,
only a sample is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import BooleanField, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Random
from django.utils.formats import number_format

from sessions_admin.flags import FLAGS
from sessions_admin.listing.pagination import Cursor, Page, starting_at
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.unions import union_all

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

# A part of a statement, with its parameters.
Sql = tuple[str, tuple[Any, ...]]
NONE: Sql = ("0", ())
SLOT = "the flag"


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


@dataclass(frozen=True)
class Counts:
    """How many rows are ``listed`` (``None`` if that was not asked), have each flag, are alarms,
    and come ``before`` the page.
    """

    listed: Count | None
    flags: dict[str, Count]
    alarms: Count
    before: Count


def count(
    listed: TrackedSessionQuerySet | None,
    *,
    flagged_among: TrackedSessionQuerySet,
    alarms: TrackedSessionQuerySet,
    among: TrackedSessionQuerySet | None,
    before: TrackedSessionQuerySet | None = None,
) -> Counts:
    """Count the listed rows, those of ``flagged_among`` by flag, the alarms, and those ``before``.

    ``among`` are all open rows, of which ``listed`` are the active ones, or ``None`` if filters
    apply: then a sample cannot be used.
    """
    bound = FOUND if among is None else LISTED
    # The first one's connection for all: a router may return another replica for each.
    connection = connections[flagged_among.db]
    asked = _by_flag(flagged_among, connection)
    asked["alarms"] = _number(_first(alarms, FLAGGED), connection)
    if before is not None:
        asked["before"] = _number(_first(before, BEFORE), connection)
    sample = [] if listed is None or among is None else _sampled(among, bound)
    if listed is not None:
        if sample:
            rows = listed.filter(pk__in=sample)
        elif among is not None and connection.vendor == "postgresql":
            # There are too few for a sample, so they need neither an order nor a bound. PostgreSQL
            # would sort them all for it; SQLite would choose an index of ended rows without it.
            rows = listed.order_by()
        else:
            rows = _first(listed, bound)
        asked["listed"] = _number(rows, connection)
    found = _in_one_statement(asked, connection)
    total = found.get("listed", 0)
    if sample and listed is not None:
        is_sure = total >= ENOUGH * len(sample)
        total = bound + 1 if is_sure else _first(listed, bound).count()
    return Counts(
        listed=None if listed is None else Count.upto(bound, total),
        flags={flag.id: Count.upto(FLAGGED, found[flag.id]) for flag in FLAGS},
        alarms=Count.upto(FLAGGED, found["alarms"]),
        before=Count.upto(BEFORE, found.get("before", 0)),
    )


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
        "alarms": _number(_first(alarms, FLAGGED), connection),
    }
    found = _in_one_statement(asked, connection)
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
        (_first(part, bound) if part.ordered else part[: bound + 1]).values_list(Value(1))
        for part in parts
    ]
    try:
        sql, parameters = union_all(rows, connection)
    except EmptyResultSet:
        return NONE
    return f"(SELECT COUNT(*) FROM ({sql} LIMIT {bound + 1}) AS found)", parameters  # noqa: S608


def count_before(rows: TrackedSessionQuerySet) -> Count:
    """Count the rows that come before a page."""
    return Count.upto(BEFORE, _first(rows, BEFORE).count())


def up_to_a_hundred(rows: TrackedSessionQuerySet) -> Count:
    """Count a few rows that have an index of their own, as exactly as the flags."""
    return Count.upto(FLAGGED, _first(rows, FLAGGED).count())


def _first(rows: TrackedSessionQuerySet, bound: int) -> TrackedSessionQuerySet:
    """Return the rows up to one past the bound, in the order that makes databases use an index."""
    return rows.newest_first()[: bound + 1]


def _by_flag(rows: TrackedSessionQuerySet, connection: Any) -> dict[str, Sql]:
    """Return the count of the rows with each flag, by flag.

    What the counts have in common is compiled only once, with a slot for the flag: compiling takes
    longer than counting.
    """
    slot = RawSQL(SLOT, [], BooleanField())  # noqa: S611
    slotted = _first(rows.filter(slot), FLAGGED)
    common, parameters = _number(slotted, connection)
    if SLOT not in common:
        return {flag.id: (common, parameters) for flag in FLAGS}
    compiler = slotted.query.get_compiler(connection=connection)
    counts = {}
    for flag in FLAGS:
        sql, more = compiler.compile(slotted.query.build_where(rows.has_flag(flag.id)))
        # The slot comes last in the condition, and no parameter follows the condition.
        counts[flag.id] = common.replace(SLOT, sql), (*parameters, *more)
    return counts


def _sampled(rows: TrackedSessionQuerySet, bound: int) -> list[int]:
    """Return a sample of the newest rows; empty if there are too few rows for a sample."""
    enough = bound + max(bound // 5, 1)
    connection = connections[rows.db]
    newest = rows.newest_first().values_list("pk")
    sql, parameters = _sql(newest[:enough], connection)
    last_sql, last_parameters = _sql(newest[enough - 1 : enough], connection)
    in_any_order = newest.query.get_compiler(connection=connection).compile(Random())[0]
    # The database draws the sample, so that no more keys than these have to be read.
    statement = (
        f"SELECT * FROM ({sql}) AS newest "  # noqa: S608
        f"WHERE EXISTS (SELECT 1 FROM ({last_sql}) AS last) "
        f"ORDER BY {in_any_order} LIMIT {SAMPLE}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, *last_parameters])
        return [pk for (pk,) in cursor.fetchall()]


def _number(rows: TrackedSessionQuerySet, connection: Any) -> Sql:
    """Return the count of these rows."""
    try:
        sql, parameters = _sql(rows.values_list(Value(1)), connection)
    except EmptyResultSet:
        # No row can match: a filter has a wrong value, for example.
        return NONE
    return f"(SELECT COUNT(*) FROM ({sql}) AS found)", parameters  # noqa: S608


def _in_one_statement(asked: Mapping[str, Sql], connection: Any) -> dict[str, int]:
    parts = ", ".join(sql for sql, _parameters in asked.values())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {parts}", [p for _sql, given in asked.values() for p in given])
        return dict(zip(asked, cursor.fetchone(), strict=True))


def _sql(rows: QuerySet[Any, Any], connection: Any) -> Sql:
    sql, parameters = rows.query.get_compiler(connection=connection).as_sql()
    return sql, tuple(parameters)
