"""The statements that find the rows of parts: for a page, and for counts.

A word may be in every second row or in one of a million, and words that are common one by one may
be rare together, which PostgreSQL cannot know. So it looks through the newest rows first. If they
have too few matches, it reads all matches from the index, in no order, and sorts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.models import QuerySet

from sessions_admin import flags
from sessions_admin.listing.count_sql import in_weeks
from sessions_admin.listing.pagination import (
    NEWEST_FIRST,
    Cursor,
    Order,
    Page,
    Reader,
    page_of,
)
from sessions_admin.listing.parts import Part, look_expensive, shared_by
from sessions_admin.listing.positions import Reading
from sessions_admin.listing.walks import Bounds, Reach, Walks, walks_of
from sessions_admin.unions import Sql, with_union

# With so many matches among the NEAR rows, a page, or the bound of a count, is filled sooner by
# looking through so many rows than by the index, which has to collect all matches before.
FOR_A_PAGE, FOR_A_COUNT = (5, 40_000), (40, 50_000)
# The same for rows that are far apart on disk, such as those of an account.
FOR_A_PAGE_APART, FOR_A_COUNT_APART = (6, 40_000), (40, 50_000)
# The same where the index finds far more than matches, such as those of thousands of people beside
# a word. Then so many matches are enough for a count if many rows are left.
FOR_A_PAGE_UNINDEXED, FOR_A_COUNT_UNINDEXED, ENOUGH_UNINDEXED = (3, 40_000), (5, 15_000), 50


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
    reach = Reach(FOR_A_PAGE, FOR_A_PAGE_APART, FOR_A_PAGE_UNINDEXED)
    found = Walks({}, [], Bounds(reach, limit, limit, limit))
    unread = {part: body for part in parts if (body := part.body)}
    selects: list[str] = []

    def read(part: Part) -> str:
        name, condition = str(parts.index(part)), found.unless_found(part)
        found.named.extend(_first_rows(name, part, unread.pop(part), condition, start, limit))
        return f"SELECT pk, at FROM first_{name}"  # noqa: S608

    reading = start
    for name, walk, body, along in walks_of(parts, start):
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
        return
    ordered = f"{reading.ordered} LIMIT {limit}"
    if part.is_by_week and reading.has_weeks:
        sql, given = reading.by_week(body, flags.last_idle_week(), limit)
        ordered = reading.first(limit)
    sql = f"SELECT * FROM ({sql} {ordered}) AS part {condition}"  # noqa: S608
    yield f"first_{name} AS MATERIALIZED ({sql})", given


@dataclass(frozen=True)
class Matches:
    """Queries for all rows of some parts, of which the database reads no more than it is asked for.

    ``named`` come before a statement with ``selects``, each with one column of the rows of a part.
    ``all_rows`` are those of ``named`` that have all rows, with the ``facts`` that were asked for;
    empty if no index finds all. The others are expressions: whether all rows were looked through
    (``are_near``), whether the newest have few matches (``are_rare``), and how many matches a walk
    found if no more are read since that is enough, otherwise 0 (``frequent``).
    """

    named: list[Sql]
    selects: list[Sql]
    all_rows: list[str]
    are_near: str
    are_rare: str
    frequent: str

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
    bounds = Bounds(
        Reach(FOR_A_COUNT, FOR_A_COUNT_APART, FOR_A_COUNT_UNINDEXED),
        limit,
        up_to,
        up_to if enough is None else min(ENOUGH_UNINDEXED + 1, up_to),
        are_apart=all(len(part.walks) <= 1 for part in parts),
        is_first=any(part.is_ready for part in parts),
    )
    walks = Walks({}, [], bounds)
    for number, walk, body, along in walks_of(parts, reading, f"_{name}"):
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
            if part.is_by_week:
                ordered = in_weeks(connection)
            sql = f"SELECT * FROM ({sql} {ordered} LIMIT {limit}) AS part {condition}"  # noqa: S608
            selects.append((sql, given))
            all_rows = None
    return Matches(
        [*shared_by(parts), *named],
        [*first, *walked, *last],
        all_rows or [],
        are_near=walks.have_all,
        are_rare=walks.are_rare,
        frequent=walks.frequent,
    )
