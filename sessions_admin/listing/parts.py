"""The rows that a search finds, in parts that have none in common, each read on its best path.

A word may be in every second row or in one of a million, and words that are common one by one may
be rare together, which PostgreSQL cannot know. So it looks through the newest rows first. If they
have too few matches, it reads all matches from the index, in no order, and sorts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import (
    BooleanField,
    Case,
    DateTimeField,
    ExpressionWrapper,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from sessions_admin.listing.pagination import (
    NEWEST_FIRST,
    Cursor,
    Order,
    Page,
    Reader,
    page_of,
    starting_at,
)
from sessions_admin.lookups import SharedKeys
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.unions import Sql, sql_of, with_union

# So many of the newest rows are looked through first.
NEAR = 5000
# With so many matches among them, a page, or the bound of a count, is filled sooner by looking
# through so many rows than by the index, which has to collect all matches before.
FOR_A_PAGE, FOR_A_COUNT = (5, 60_000), (200, 30_000)
# Before and after all rows.
EVER = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Part:
    """Rows, and how to look for them from the newest on; ``None`` leaves that to the database.

    ``walked`` are the same rows by a condition that PostgreSQL can only check row by row, and
    ``along`` the rows of an index among which they are. With ``has_index``, another index finds
    all of ``rows``, of which there are few if the newest rows have few.
    """

    rows: TrackedSessionQuerySet
    walked: TrackedSessionQuerySet | None = None
    along: TrackedSessionQuerySet | None = None
    has_index: bool = False

    def before(self, newer: Cursor) -> Part:
        """Return the rows before a page."""

        def cut(rows: TrackedSessionQuerySet | None) -> Any:
            if rows is None:
                return None
            before = starting_at(rows, newer, backwards=True)
            return before if rows.ordered else before.order_by()

        return replace(self, rows=cut(self.rows), walked=cut(self.walked), along=cut(self.along))

    def within(
        self,
        number: int,
        start: Cursor | None = None,
        order: Order = NEWEST_FIRST,
        *,
        backwards: bool = False,
    ) -> TrackedSessionQuerySet | None:
        """Return those among the next ``number`` rows."""
        if self.walked is None or self.along is None or order.field != NEWEST_FIRST.field:
            return None
        following = starting_at(self.along, start, order, backwards=backwards)
        last = Subquery(following.values(order.field)[number - 1 : number])
        is_descending = order.is_descending is not backwards
        reaches, end = ("gte", EVER[0]) if is_descending else ("lte", EVER[1])
        until = Coalesce(last, Value(end, DateTimeField()))
        within = self.walked.filter(**{f"{order.field}__{reaches}": until})
        return starting_at(within, start, order, backwards=backwards)


def row_by_row(condition: Q) -> Case:
    """The same condition, so that PostgreSQL uses no index for it and expects many matches."""
    return Case(
        When(condition, then=Value(True)), default=Value(False), output_field=BooleanField()
    )


def page_of_parts(
    parts: Sequence[Part],
    *,
    size: int,
    shown: QuerySet[Any] | Reader,
    order: Order = NEWEST_FIRST,
    **position: Any,
) -> Page:
    """Return a page of all parts, as ``page_of`` does."""

    def keys(limit: int, start: Cursor | None, backwards: bool) -> Sql:
        return _keys(parts, limit, start, order, backwards, connections[shown.db])

    return page_of(size=size, shown=shown, keys=keys, order=order, **position)


def _keys(
    parts: Sequence[Part],
    limit: int,
    start: Cursor | None,
    order: Order,
    backwards: bool,
    connection: Any,
) -> Sql:
    """Return the statement for the keys of the first rows of each part, some of them twice."""
    sign = "DESC" if order.is_descending is not backwards else "ASC"
    shared = SharedKeys()
    named: list[Sql] = []
    selects: list[Sql] = []
    for n, part in enumerate(parts):
        following = starting_at(part.rows, start, order, backwards=backwards)
        often, further = FOR_A_PAGE
        walks = [
            part.within(number, start, order, backwards=backwards) for number in (NEAR, further)
        ]
        try:
            condition, given = "", ()
            if None not in walks:
                walked, filled = _walk(f"{n}", walks, "pk", often, limit, connection, shared)
                named += walked
                selects += [(f"SELECT pk FROM {each}_{n}", ()) for each in ("near", "further")]  # noqa: S608
                condition = f"WHERE NOT ({' OR '.join(filled)})"
            if part.has_index:
                rows = following.order_by().values_list("pk", order.field)
                named.append(_named(f"found_{n} (pk, at)", rows, connection, shared))
                first = f"SELECT pk FROM found_{n} {condition} ORDER BY at {sign}, pk {sign}"  # noqa: S608
                sql = f"SELECT * FROM ({first} LIMIT {limit}) AS part"  # noqa: S608
            else:
                sql, given = sql_of(following[:limit].values_list("pk"), connection, shared)
                sql = f"SELECT * FROM ({sql}) AS part {condition}"  # noqa: S608
            selects.append((sql, given))
        except EmptyResultSet:
            continue
    return with_union([*shared.named, *named], selects)


def _walk(
    name: str,
    walks: Sequence[Any],
    column: Any,
    often: int,
    limit: int,
    connection: Any,
    shared: SharedKeys,
) -> tuple[list[Sql], list[str]]:
    """Return the queries ``near_`` and ``further_`` with this name, and whether each is filled.

    ``walks`` are the matches among NEAR rows and among more, of which up to ``limit`` are read. The
    second are looked for if the first are ``often`` enough, but too few.
    """
    near, further = walks
    sql, given = sql_of(further[:limit].values_list(column), connection, shared)
    number = f"(SELECT COUNT(*) FROM near_{name})"  # noqa: S608
    condition = f"{number} >= {often} AND {number} < {limit}"
    further_sql = f"SELECT * FROM ({sql}) AS part WHERE {condition}"  # noqa: S608
    named = [
        _named(f"near_{name} (pk)", near[:limit].values_list(column), connection, shared),
        (f"further_{name} (pk) AS MATERIALIZED ({further_sql})", given),
    ]
    filled = [f"(SELECT COUNT(*) FROM {each}_{name}) >= {limit}" for each in ("near", "further")]  # noqa: S608
    return named, filled


def _named(name: str, rows: QuerySet[Any], connection: Any, shared: SharedKeys) -> Sql:
    """Return a query by a name, which the database plans for all of its rows, and runs if read."""
    sql, given = sql_of(rows, connection, shared)
    return f"{name} AS MATERIALIZED ({sql})", given


@dataclass(frozen=True)
class Matches:
    """Queries for all rows of some parts, of which the database reads no more than it is asked for.

    ``named`` come before a statement with ``selects``, each with one column of the rows of a part.
    ``all_rows`` are those of ``named`` that have all rows, with the ``facts`` that were asked for;
    ``None`` if no index finds all.
    """

    named: list[Sql]
    selects: list[Sql]
    all_rows: list[str] | None

    def upto(self, bound: int) -> Sql:
        """Return the statement for one more row than ``bound``. May raise EmptyResultSet."""
        sql, given = with_union([], self.selects)
        return f"{sql} LIMIT {bound + 1}", given


def matches(
    parts: Sequence[Part],
    bound: int,
    connection: Any,
    *,
    name: str,
    shared_keys: SharedKeys,
    facts: Sequence[Q] = (),
) -> Matches:
    """Return the queries for the rows of all parts, of which up to one past ``bound`` are read.

    ``name`` sets their names apart from others in the same statement.
    """
    found = Matches([], [], [])
    for n, part in enumerate(parts):
        try:
            found = _with_matches(found, part, bound, connection, f"{name}_{n}", shared_keys, facts)
        except EmptyResultSet:
            continue
    return found


def _with_matches(
    found: Matches,
    part: Part,
    bound: int,
    connection: Any,
    name: str,
    shared: SharedKeys,
    facts: Sequence[Q],
) -> Matches:
    rows, one = part.rows, Value(1)
    named, selects, all_rows = list(found.named), list(found.selects), found.all_rows
    often, further = FOR_A_COUNT
    walks, condition = [part.within(number) for number in (NEAR, further)], ""
    if None not in walks:
        walked, filled = _walk(name, walks, one, often, bound + 1, connection, shared)
        named += walked
        condition = f"WHERE NOT ({' OR '.join(filled)})"
        for each, is_filled in zip(("near", "further"), filled, strict=True):
            selects.append((f"SELECT pk FROM {each}_{name} WHERE {is_filled}", ()))  # noqa: S608
    if part.has_index:
        columns = [ExpressionWrapper(fact, BooleanField()) for fact in facts]
        names = ", ".join(["one", *(f"fact_{n}" for n in range(len(facts)))])
        everything = rows.order_by().values_list(one, *columns)
        named.append(_named(f"all_{name} ({names})", everything, connection, shared))
        selects.append((f"SELECT one FROM all_{name} {condition}", ()))  # noqa: S608
        all_rows = None if all_rows is None else [*all_rows, f"all_{name}"]
    else:
        first = rows.newest_first() if rows.ordered else rows
        sql, given = sql_of(first[: bound + 1].values_list(one), connection, shared)
        selects.append((f"SELECT * FROM ({sql}) AS part {condition}", given))  # noqa: S608
        all_rows = None
    return Matches(named, selects, all_rows)
