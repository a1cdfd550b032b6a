"""The rows that a search finds, in parts that have none in common, each read on its best path.

A word may be in every second row or in one of a million, and words that are common one by one may
be rare together, which PostgreSQL cannot know. So it looks through the newest rows first. If they
have too few matches, it reads all matches from the index, in no order, and sorts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.db import connections
from django.db.models import BooleanField, Case, Func, Q, QuerySet, Value, When

from sessions_admin.listing.count_sql import column, unordered
from sessions_admin.listing.pagination import (
    MAX_PK,
    NEWEST_FIRST,
    Cursor,
    Order,
    Page,
    Reader,
    page_of,
)
from sessions_admin.lookups import SharedKeys
from sessions_admin.models import TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.unions import Sql, with_union

# So many of the newest rows are looked through first.
NEAR = 5000
# With so many matches among them, a page, or the bound of a count, is filled sooner by looking
# through so many rows than by the index, which has to collect all matches before.
FOR_A_PAGE, FOR_A_COUNT = (5, 60_000), (200, 30_000)
# Before and after all rows.
EVER = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Part:
    """Rows, and how to look for them from the newest on; ``None`` leaves that to the database.

    Parts with the same ``walk`` have all of its rows together. With ``has_index``, an index finds
    all rows of the part, of which there are few if the newest rows have few. With ``is_ready``, it
    finds them one after the other, so that a count ends sooner there than in a walk.
    """

    rows: TrackedSessionQuerySet
    walk: Walk | None = None
    has_index: bool = False
    is_ready: bool = False
    shared_keys: SharedKeys = field(default_factory=SharedKeys)

    @cached_property
    def statement(self) -> Sql | None:
        """The statement for the rows up to its condition; ``None`` if none can match.

        It is written once for all that is read of them, which takes longer than to read it.
        """
        connection = connections[self.rows.db]
        return unordered(self.rows, connection, shared_keys=self.shared_keys)

    @property
    def body(self) -> Sql | None:
        """The statement without its columns."""
        if self.statement is None:
            return None
        sql, given = self.statement
        columns, _from, body = sql.partition(" FROM ")
        return f"FROM {body}", given[columns.count("%s") :]


@dataclass(frozen=True, eq=False)
class Walk:
    """Rows to look through from the newest on: those of an index (``along``).

    Those that fit are ``matches``, by a condition that PostgreSQL can only check row by row.
    """

    matches: Part
    along: Part


def row_by_row(condition: Q) -> Case:
    """The same condition, so that PostgreSQL uses no index for it and expects many matches."""
    return Case(
        When(condition, then=Value(True)), default=Value(False), output_field=BooleanField()
    )


class Few(Func):
    """A condition that is always true, by which PostgreSQL expects few rows.

    So it looks up the user of each. If it expected thousands, it would read all users for them.
    """

    template = "((%(expressions)s + 0) = %(expressions)s)"
    output_field = BooleanField()

    def __init__(self) -> None:
        super().__init__("pk")


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
        connection = connections[shown.db]
        reading = _Reading(connection, order, order.is_descending is not backwards)
        return _keys(parts, limit, reading.after(start))

    return page_of(size=size, shown=shown, keys=keys, order=order, **position)


@dataclass(frozen=True)
class _Reading:
    """In which order rows are read, and those of which positions (``cut``)."""

    connection: Any
    order: Order = NEWEST_FIRST
    is_descending: bool = True
    cut: Sql = ("", ())

    @cached_property
    def at(self) -> str:
        return column(self.order.field, self.connection)

    @cached_property
    def pk(self) -> str:
        return column("id", self.connection)

    @property
    def columns(self) -> str:
        return f"{self.pk} AS pk, {self.at} AS at"

    @property
    def end(self) -> Any:
        """A moment beyond the last row."""
        return self.moment(EVER[0 if self.is_descending else 1])

    @property
    def ordered(self) -> str:
        sign = "DESC" if self.is_descending else "ASC"
        return f"ORDER BY {self.at} {sign}, {self.pk} {sign}"

    def after(self, start: Cursor | None) -> _Reading:
        return replace(self, cut=self._beyond(start, self.is_descending)) if start else self

    def before(self, end: Cursor) -> _Reading:
        return replace(self, cut=self._beyond(end, not self.is_descending))

    def _beyond(self, start: Cursor, is_descending: bool) -> Sql:
        # As in ``starting_at``.
        until, passed = ("<=", ">=") if is_descending else (">=", "<=")
        at = self.moment(start.at)
        condition = f" AND {self.at} {until} %s AND NOT ({self.at} = %s AND {self.pk} {passed} %s)"
        # SQLite takes no number beyond the last key, which a page at the end may start from.
        return condition, (at, at, min(start.pk, MAX_PK))

    def moment(self, at: datetime) -> Any:
        field: Any = TrackedSession._meta.get_field(self.order.field)
        return field.get_db_prep_value(at, self.connection)

    def rows(self, columns: str, body: Sql, further: Sql = ("", ())) -> Sql:
        """Return the statement for these columns of the rows, up to its condition."""
        (sql, given), (cut, positions), (more, others) = body, self.cut, further
        return f"SELECT {columns} {sql}{cut}{more}", (*given, *positions, *others)


def _keys(parts: Sequence[Part], limit: int, reading: _Reading) -> Sql:
    """Return the statement for the keys of the first rows of all parts."""
    sign = "DESC" if reading.is_descending else "ASC"
    order = f"ORDER BY at {sign}, pk {sign} LIMIT {limit}"
    named, walks = _walks(parts, FOR_A_PAGE, limit, reading)
    selects: list[Sql] = [(f"SELECT pk, at FROM {name}", ()) for name in walks]  # noqa: S608
    for n, part in enumerate(parts):
        if part.body is None:
            continue
        condition = _unless_filled(part, walks, limit)
        sql, given = reading.rows(reading.columns, part.body)
        if part.has_index:
            named.append((f"found_{n} AS MATERIALIZED ({sql})", given))
            first = f"SELECT pk, at FROM found_{n} {condition} {order}"  # noqa: S608
            selects.append((f"SELECT * FROM ({first}) AS part", ()))  # noqa: S608
        else:
            sql = f"{sql} {reading.ordered} LIMIT {limit}"
            selects.append((f"SELECT * FROM ({sql}) AS part {condition}", given))  # noqa: S608
    sql, given = with_union([], selects)
    # A walk that did not find enough has some rows of the parts.
    first = f"SELECT pk FROM ({sql}) AS found GROUP BY pk, at {order}"  # noqa: S608
    return with_union([*keys_of(parts), *named], [(first, given)])


def keys_of(parts: Sequence[Part]) -> list[Sql]:
    """Return the queries of the keys that the parts share."""
    shared = {id(part.shared_keys): part.shared_keys for part in parts}
    return [named for keys in shared.values() for named in keys.named]


def _walks(
    parts: Sequence[Part], bounds: tuple[int, int], limit: int, reading: _Reading, suffix: str = ""
) -> tuple[list[Sql], dict[str, Walk]]:
    """Return the queries that look through the newest rows, and the walk of each by its name.

    Of each, up to ``limit`` matches are read.
    """
    named: list[Sql] = []
    walks: dict[str, Walk] = {}
    if reading.order.field != NEWEST_FIRST.field:
        return named, walks
    for part in parts:
        walk = part.walk
        if walk is None or walk in walks.values() or not (walk.matches.body and walk.along.body):
            continue
        name = f"{len(walks)}{suffix}"
        named += _walk(name, walk.matches.body, walk.along.body, bounds, limit, reading)
        walks[f"walked_{name}"] = walk
    return named, walks


def _walk(
    name: str, body: Sql, along: Sql, bounds: tuple[int, int], limit: int, reading: _Reading
) -> list[Sql]:
    """Return the query ``walked_`` with this name, and those before it.

    It has the matches among NEAR rows. If they are often enough, but too few, it has those among
    the further rows, too.
    """
    often, most = bounds
    at, ordered, end = reading.at, reading.ordered, reading.end
    beyond, reaches = ("<", ">=") if reading.is_descending else (">", "<=")
    last_near, last = f"(SELECT at FROM near_until_{name})", f"(SELECT at FROM until_{name})"  # noqa: S608
    is_near: Sql = f" AND {at} {reaches} COALESCE({last_near}, %s)", (end,)
    is_beyond: Sql = f" AND {at} {beyond} {last_near}", ()
    is_further: Sql = f"{is_beyond[0]} AND {at} {reaches} COALESCE({last}, %s)", (end,)
    number = f"(SELECT COUNT(*) FROM near_{name})"  # noqa: S608
    # PostgreSQL plans for the constant limit, and stops at the other.
    rest = f"WHERE {number} >= {often} AND {number} < {limit} LIMIT {limit} - {number}"

    def named(name: str, read: Sql, before: str = "", after: str = "") -> Sql:
        sql, given = read
        return f"{name} AS MATERIALIZED ({before}{sql} {ordered} {after})", given

    moment, row = f"{at} AS at", reading.columns
    until = reading.rows(moment, along, is_beyond)
    further = reading.rows(row, body, is_further)
    both = f"SELECT * FROM near_{name} UNION ALL SELECT * FROM further_{name}"  # noqa: S608
    return [
        named(f"near_until_{name}", reading.rows(moment, along), "", f"LIMIT 1 OFFSET {NEAR - 1}"),
        named(f"near_{name}", reading.rows(row, body, is_near), "", f"LIMIT {limit}"),
        named(f"until_{name}", until, "", f"LIMIT 1 OFFSET {max(most - NEAR, 1) - 1}"),
        named(f"further_{name}", further, "SELECT * FROM (", f"LIMIT {limit}) AS part {rest}"),
        (f"walked_{name} AS MATERIALIZED ({both})", ()),
    ]


def _unless_filled(part: Part, walks: dict[str, Walk], limit: int) -> str:
    for name, walk in walks.items():
        if walk is part.walk:
            return f"WHERE (SELECT COUNT(*) FROM {name}) < {limit}"  # noqa: S608
    return ""


@dataclass(frozen=True)
class Matches:
    """Queries for all rows of some parts, of which the database reads no more than it is asked for.

    ``named`` come before a statement with ``selects``, each with one column of the rows of a part.
    ``all_rows`` are those of ``named`` that have all rows, with the ``facts`` that were asked for;
    empty if no index finds all.
    """

    named: list[Sql]
    selects: list[Sql]
    all_rows: list[str]

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
    before: Cursor | None = None,
    facts: Sequence[Sql] = (),
) -> Matches:
    """Return the queries for the rows of all parts, of which up to one past ``bound`` are read.

    ``name`` sets their names apart from others in the same statement. With ``before``, only rows
    before this position are read.
    """
    reading = _Reading(connection)
    if before:
        reading = reading.before(before)
    limit = bound + 1
    named, walks = _walks(parts, FOR_A_COUNT, limit, reading, f"_{name}")
    walked: list[Sql] = [
        (f"SELECT pk FROM {each} WHERE (SELECT COUNT(*) FROM {each}) >= {limit}", ())  # noqa: S608
        for each in walks
    ]
    # If these are not enough, and a walk is, the count is past its bound, however many are in both.
    first: list[Sql] = []
    last: list[Sql] = []
    all_rows: list[str] | None = []
    for n, part in enumerate(parts):
        if part.body is None:
            continue
        is_first = part.is_ready or part.walk is None
        selects = first if is_first else last
        condition = "" if is_first else _unless_filled(part, walks, limit)
        if part.has_index:
            columns = ", ".join(["1", *(f"({sql})" for sql, _given in facts)])
            names = ", ".join(["one", *(f"fact_{number}" for number in range(len(facts)))])
            sql, given = reading.rows(columns, part.body)
            of_facts = [each for _sql, params in facts for each in params]
            everything = f"all_{name}_{n}"
            named.append((f"{everything} ({names}) AS MATERIALIZED ({sql})", (*of_facts, *given)))
            selects.append((f"SELECT one FROM {everything} {condition}", ()))  # noqa: S608
            all_rows = None if all_rows is None else [*all_rows, everything]
        else:
            sql, given = reading.rows("1", part.body)
            order = reading.ordered if part.rows.ordered else ""
            sql = f"SELECT * FROM ({sql} {order} LIMIT {limit}) AS part {condition}"  # noqa: S608
            selects.append((sql, given))
            all_rows = None
    return Matches([*keys_of(parts), *named], [*first, *walked, *last], all_rows or [])
