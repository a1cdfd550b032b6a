"""The statements that find the rows of parts: for a page, and for counts.

A word may be in every second row or in one of a million, and words that are common one by one may
be rare together, which PostgreSQL cannot know. So it looks through the newest rows first. If they
have too few matches, it reads all matches from the index, in no order, and sorts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.models import QuerySet

from sessions_admin.listing.pagination import (
    NEWEST_FIRST,
    Cursor,
    Order,
    Page,
    Reader,
    page_of,
)
from sessions_admin.listing.parts import Part, Walk, look_expensive, shared_by
from sessions_admin.listing.positions import Reading
from sessions_admin.unions import Sql, with_union

# With so many matches among the NEAR rows, a page, or the bound of a count, is filled sooner by
# looking through so many rows than by the index, which has to collect all matches before.
FOR_A_PAGE, FOR_A_COUNT = (5, 40_000), (40, 50_000)
# The same for rows that are far apart on disk, such as those of an account.
FOR_A_PAGE_APART, FOR_A_COUNT_APART = (8, 40_000), (40, 50_000)
# If fewer than one in so many matches, those that have a flag are found sooner by an index than in
# its order.
RARE = 10


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
        reading = Reading(connection, order, order.is_descending is not backwards)
        return _keys(parts, limit, reading.after(start))

    position["plainly"] = look_expensive(parts)
    return page_of(size=size, shown=shown, keys=keys, order=order, **position)


def _keys(parts: Sequence[Part], limit: int, start: Reading) -> Sql:
    """Return the statement for the keys of the first rows of all parts."""
    found = _Walks({}, [], _Bounds(FOR_A_PAGE, FOR_A_PAGE_APART, limit, limit))
    unread = {part: body for part in parts if (body := part.body)}
    selects: list[str] = []

    def read(part: Part) -> str:
        name, condition = str(parts.index(part)), found.unless_found(part)
        found.named.extend(_first_rows(name, part, unread.pop(part), condition, start, limit))
        return f"SELECT pk, at FROM first_{name}"  # noqa: S608

    reading = start
    for name, walk, body, along in _walks_of(parts, start):
        found.add(name, walk, body, along, reading)
        # A walk that did not find enough has some rows of its parts.
        rows = [f"SELECT pk, at FROM walked_{name} {found.if_found(name)}"]  # noqa: S608
        rows += [read(part) for part in tuple(unread) if tuple(part.walks) == (walk,)]
        selects += rows
        # The next walk ends where these are enough.
        reading = reading.upto_last_of(f"({' UNION ALL '.join(rows)}) AS known", limit)
    selects += [read(part) for part in tuple(unread)]
    sql, _none = with_union([], [(each, ()) for each in selects])
    # A part of several walks has rows that one of them may have found.
    first = f"SELECT pk FROM ({sql}) AS found GROUP BY pk, at {start.first(limit)}"  # noqa: S608
    return with_union([*shared_by(parts), *found.named], [(first, ())])


def _first_rows(
    name: str, part: Part, body: Sql, condition: str, reading: Reading, limit: int
) -> Iterator[Sql]:
    """Yield the query ``first_`` with this name, for the first rows of a part, after what it reads.

    It has none unless the ``condition`` is true.
    """
    sql, given = reading.rows(reading.columns, body)
    if part.has_index:
        yield f"found_{name} AS MATERIALIZED ({sql})", given
        first = f"SELECT pk, at FROM found_{name} {condition} {reading.first(limit)}"  # noqa: S608
        yield f"first_{name} AS MATERIALIZED ({first})", ()
    else:
        sql = f"SELECT * FROM ({sql} {reading.ordered} LIMIT {limit}) AS part {condition}"  # noqa: S608
        yield f"first_{name} AS MATERIALIZED ({sql})", given


@dataclass(frozen=True)
class _Bounds:
    """How far walks go: to ``limit`` matches, or to ``enough`` of them if many rows are left.

    Beyond the NEAR rows, matches have to be as often among these as the first number of ``reach``
    says, and up to the second number of rows are looked through. For a page, a walk ends where
    those before it have enough. What the walks found is counted on its own, beside parts with the
    same rows, unless no row is in several (``are_apart``). With ``is_first``, a part is read before
    the walks go on.
    """

    reach: tuple[int, int]
    reach_apart: tuple[int, int]
    limit: int
    enough: int
    are_apart: bool = True
    is_first: bool = False

    def reach_of(self, walk: Walk) -> tuple[int, int]:
        return self.reach_apart if walk.is_apart else self.reach


@dataclass(frozen=True)
class _Walks:
    """The walks of some parts by their names, and the queries of them (``named``)."""

    walks: dict[str, Walk]
    named: list[Sql]
    bounds: _Bounds

    def add(self, name: str, walk: Walk, body: Sql, along: Sql, reading: Reading) -> None:
        self.named.extend(_walk(name, walk, body, along, self.bounds, reading))
        self.walks[name] = walk

    @property
    def have_all(self) -> str:
        """The condition that all rows were looked through."""
        return " AND ".join(map(self._has_all, self.walks)) or "FALSE"

    @property
    def are_rare(self) -> str:
        """The condition that the newest rows have few matches."""
        few = (
            f"{RARE} * (SELECT COUNT(*) FROM near_{name}) < {walk.near}"  # noqa: S608
            for name, walk in self.walks.items()
        )
        return " AND ".join(few) or "TRUE"

    @property
    def are_frequent(self) -> str:
        """The condition that a walk ended before the limit, since many rows are left."""
        return self._any_frequent(self.walks)

    def if_found(self, name: str) -> str:
        """Return the clause for the matches of a walk that has as many as asked, or all.

        Those of a frequent one are not counted: they may be among the rows of parts before it.
        """
        return f"WHERE {self._while_rare(name, self._is_full(name))}"

    def unless_near(self, part: Part) -> str:
        """Return the clause for the rows of a part that is read before its walks go on."""
        return f"WHERE NOT ({self.have_all})" if part.walks else ""

    def unless_found(self, part: Part) -> str:
        """Return the clause for the rows of a part, which its walks may have found."""
        names = [name for name, walk in self.walks.items() if walk in part.walks]
        if not names:
            return ""
        are_found = " AND ".join(map(self._is_enough, names))
        return f"WHERE {self._while_rare(names[-1], f'NOT ({are_found})')}"

    def _is_enough(self, name: str) -> str:
        return f"({self._is_full(name)} OR {self._any_frequent([name])})"

    def _is_full(self, name: str) -> str:
        number = f"(SELECT COUNT(*) FROM walked_{name})"  # noqa: S608
        has_all = self._has_all(name) if self.bounds.are_apart else self.have_all
        return f"({has_all} OR {number} >= {self.bounds.limit})"

    def _has_all(self, name: str) -> str:
        """Return the condition that a walk has read all rows: NEAR ones or fewer, or the others."""
        is_near = f"(SELECT COUNT(*) FROM near_until_{name}) = 0"  # noqa: S608
        if self.bounds.is_first:
            return is_near
        often, _most = self.bounds.reach_of(self.walks[name])
        is_often = f"(SELECT COUNT(*) FROM near_{name}) >= {often}"  # noqa: S608
        is_end = f"(SELECT COUNT(*) FROM until_{name}) = 0"  # noqa: S608
        return f"({is_near} OR CASE WHEN {is_often} THEN {is_end} ELSE FALSE END)"

    def _while_rare(self, name: str, condition: str) -> str:
        """Return the condition, unless a walk before this one has found enough."""
        names = list(self.walks)
        are_frequent = self._any_frequent(names[: names.index(name)])
        return f"CASE WHEN {are_frequent} THEN FALSE ELSE {condition} END"

    def _any_frequent(self, names: Iterable[str]) -> str:
        if self.bounds.enough == self.bounds.limit:
            return "FALSE"
        conditions = (
            f"CASE WHEN (SELECT COUNT(*) FROM walked_{name}) >= {self.bounds.enough} "  # noqa: S608
            f"THEN (SELECT COUNT(*) FROM until_{name}) = 1 ELSE FALSE END"
            for name in names
        )
        return " OR ".join(conditions) or "FALSE"


def _walks_of(
    parts: Sequence[Part], reading: Reading, suffix: str = ""
) -> Iterator[tuple[str, Walk, Sql, Sql]]:
    """Yield the walks of these parts, each with a name, its matches and the rows along it."""
    walks = dict.fromkeys(walk for part in parts for walk in part.walks)
    if reading.order.field != NEWEST_FIRST.field:
        return
    for number, walk in enumerate(walks):
        body, along = walk.matches.body, walk.along.body
        if body and along:
            yield f"{number}{suffix}", walk, body, along


def _walk(
    name: str, walk: Walk, body: Sql, along: Sql, bounds: _Bounds, reading: Reading
) -> list[Sql]:
    """Return the query ``walked_`` with this name, and those before it.

    It has the matches among NEAR rows. If they are often enough, but too few, it has those among
    the further rows, too.
    """
    near, limit, enough = walk.near, bounds.limit, bounds.enough
    often, most = bounds.reach_of(walk)
    at, ordered, end = reading.at, reading.ordered, reading.end
    beyond, reaches = ("<", ">=") if reading.is_descending else (">", "<=")
    last_near, last = f"(SELECT at FROM near_until_{name})", f"(SELECT at FROM until_{name})"  # noqa: S608
    is_near: Sql = f" AND {at} {reaches} COALESCE({last_near}, %s)", (end,)
    is_beyond: Sql = f" AND {at} {beyond} {last_near}", ()
    is_further: Sql = f"{is_beyond[0]} AND {at} {reaches} COALESCE({last}, %s)", (end,)
    number = f"(SELECT COUNT(*) FROM near_{name})"  # noqa: S608
    # If the further rows have as many matches, half of these are enough.
    expected = f"2 * {enough} * {near} / GREATEST({number}, 1)"
    offset = f"OFFSET GREATEST(LEAST({expected}, {most}) - {near}, 1) - 1"
    # PostgreSQL plans for the constant limit, and stops at the other.
    further_rows = f"CASE WHEN {last} IS NULL THEN {limit} ELSE {enough} END - {number}"
    is_often = f"{number} >= {often} AND {number} < {limit}"
    rest = f"LIMIT CASE WHEN {is_often} THEN GREATEST({further_rows}, 0) ELSE 0 END"

    def named(name: str, read: Sql, before: str = "", after: str = "") -> Sql:
        sql, given = read
        return f"{name} AS MATERIALIZED ({before}{sql} {ordered} {after})", given

    moment, row = f"{at} AS at", reading.columns
    until = reading.rows(moment, along, is_beyond)
    further = reading.rows(row, body, is_further)
    both = f"SELECT * FROM near_{name} UNION ALL SELECT * FROM further_{name}"  # noqa: S608
    return [
        named(f"near_until_{name}", reading.rows(moment, along), "", f"LIMIT 1 OFFSET {near - 1}"),
        named(f"near_{name}", reading.rows(row, body, is_near), "", f"LIMIT {limit}"),
        named(f"until_{name}", until, "", f"LIMIT 1 {offset}"),
        named(f"further_{name}", further, "SELECT * FROM (", f"LIMIT {limit}) AS part {rest}"),
        (f"walked_{name} AS MATERIALIZED ({both})", ()),
    ]


@dataclass(frozen=True)
class Matches:
    """Queries for all rows of some parts, of which the database reads no more than it is asked for.

    ``named`` come before a statement with ``selects``, each with one column of the rows of a part.
    ``all_rows`` are those of ``named`` that have all rows, with the ``facts`` that were asked for;
    empty if no index finds all. The others are conditions: that all rows were looked through
    (``are_near``), that the newest have few matches (``are_rare``), and that no more than
    ``enough`` matches are read (``are_frequent``).
    """

    named: list[Sql]
    selects: list[Sql]
    all_rows: list[str]
    are_near: str
    are_rare: str
    are_frequent: str

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
    order: Order = NEWEST_FIRST,
    enough: int | None = None,
    facts: Sequence[Sql] = (),
) -> Matches:
    """Return the queries for the rows of all parts, of which up to one past ``bound`` are read.

    One past ``enough`` are, where they are found soon among far more rows. ``name`` sets the names
    of the queries apart from others in the same statement. With ``before``, only rows before this
    position in this order are read.
    """
    reading = Reading(connection, order, order.is_descending)
    if before:
        reading = reading.before(before)
    limit = bound + 1
    up_to = limit if enough is None else min(enough + 1, limit)
    bounds = _Bounds(
        FOR_A_COUNT,
        FOR_A_COUNT_APART,
        limit,
        up_to,
        are_apart=all(len(part.walks) <= 1 for part in parts),
        is_first=any(part.is_ready for part in parts),
    )
    walks = _Walks({}, [], bounds)
    for number, walk, body, along in _walks_of(parts, reading, f"_{name}"):
        walks.add(number, walk, body, along, reading)
    named = walks.named
    walked: list[Sql] = [
        (f"SELECT pk FROM walked_{each} {walks.if_found(each)}", ())  # noqa: S608
        for each in walks.walks
    ]
    # If these are not enough, and a walk is, the count is past its bound, however many are in both.
    first: list[Sql] = []
    last: list[Sql] = []
    all_rows: list[str] | None = []
    for n, part in enumerate(parts):
        if part.body is None:
            continue
        is_first = part.is_ready or not part.walks
        selects = first if is_first else last
        condition = walks.unless_near(part) if is_first else walks.unless_found(part)
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
            ordered = reading.ordered if part.rows.ordered else ""
            sql = f"SELECT * FROM ({sql} {ordered} LIMIT {limit}) AS part {condition}"  # noqa: S608
            selects.append((sql, given))
            all_rows = None
    return Matches(
        [*shared_by(parts), *named],
        [*first, *walked, *last],
        all_rows or [],
        are_near=walks.have_all,
        are_rare=walks.are_rare,
        are_frequent=walks.are_frequent,
    )
