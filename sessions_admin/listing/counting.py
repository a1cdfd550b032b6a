"""Count sessions: exactly up to a bound, and as "more than" the bound beyond it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.utils.formats import number_format

from sessions_admin.flags import FLAGS
from sessions_admin.listing.count_sql import (
    NONE,
    count_by_flag,
    count_upto,
    facts_of,
    unordered,
)
from sessions_admin.listing.finding import Matches, matches
from sessions_admin.listing.pagination import NEWEST_FIRST, Cursor, Order, Page, starting_at
from sessions_admin.listing.parts import Part, shared_by
from sessions_admin.pipelines import Send, sending
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.unions import Sql, with_union

# The bounds: for the whole list, for results of filters and search, and for each flag.
LISTED = 10_000
FOUND = 1000
FLAGGED = 100
# Where a search finds so many soon, among far more rows, it counts no further. It may end sooner,
# and then says so many of these STEPS.
ENOUGH, STEPS = 250, 50
# And for the rows before a page, so that a page further down costs no more.
BEFORE = 1000


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
    """The counts of a page of the list, on which the database works until they are read."""

    def __init__(self, answer: Callable[[], Mapping[str, int]]) -> None:
        self._answer = answer

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
        found = self._found.get("listed")
        return None if found is None else _found(found)

    def total(self, page: Page, before: Count | None = None) -> Count:
        """How many rows are listed; on the last page it is known even beyond the bounds."""
        passed = self.before if before is None else before
        if not page.older and not (page.newer and passed.is_more):
            return Count((passed.number if page.newer else 0) + len(page.rows))
        return self.listed or Count(len(page.rows))

    @cached_property
    def _found(self) -> Mapping[str, int]:
        return self._answer()


def count(
    send: Send,
    listed: TrackedSessionQuerySet | None,
    *,
    flagged_among: TrackedSessionQuerySet,
    alarms: TrackedSessionQuerySet,
    before: TrackedSessionQuerySet | None = None,
) -> Counts:
    """Count the rows of ``listed``, if given, those of ``flagged_among`` by flag, the alarms, and
    those that come ``before`` the page.
    """
    # The first one's connection for all: a router may return another replica for each.
    statement = Statement(connections[flagged_among.db])
    connection = statement.connection
    found = unordered(flagged_among, connection)
    facts = facts_of(flagged_among, connection)
    for flag, number in count_by_flag(facts, found, FLAGGED, connection).items():
        statement.ask(flag, number)
    statement.ask("alarms", count_upto(alarms, FLAGGED, connection))
    if before is not None:
        statement.ask("before", count_upto(before, BEFORE, connection))
    if listed is not None:
        statement.ask("listed", count_upto(listed, FOUND, connection))
    return Counts(statement.sent(send))


def count_parts(
    send: Send, parts: Sequence[Part], page: Page | None, alarms: TrackedSessionQuerySet
) -> Counts:
    """Count the rows of all ``parts`` up to FOUND, those before the page of them, and the alarms.

    If the page has all rows, they are not counted. It is ``None`` for a first page that is not read
    yet.
    """
    statement = Statement(connections[alarms.db])
    statement.ask("alarms", count_upto(alarms, FLAGGED, statement.connection))
    if page is None or page.newer or page.older:
        statement.ask_for_all("listed", parts, FOUND, enough=ENOUGH)
    statement.ask_for_before(parts, page)
    return Counts(statement.sent(send))


def count_found(
    send: Send,
    parts: Sequence[Part],
    page: Page | None,
    *,
    flagged: Sequence[Part] | None,
    checked: Part,
    alarms: TrackedSessionQuerySet,
    order: Order = NEWEST_FIRST,
) -> Counts:
    """Count like ``count`` what a search or several flags find, in parts.

    ``flagged`` are the listed ones if flags are chosen, otherwise all ``parts`` are listed.
    ``checked`` are the same rows as ``parts``, to be checked for each flag.
    """
    statement = Statement(connections[alarms.db])
    connection = statement.connection
    facts = facts_of(checked.rows, connection)
    # Another column sorts what is counted exactly.
    enough = ENOUGH if order.field == NEWEST_FIRST.field else None
    found = matches(parts, FOUND, connection, name="found", enough=enough, facts=facts)
    by_flag = count_by_flag(facts, checked.statement, FLAGGED, connection)
    if found.all_rows:
        # If they are few, all are read anyway. If not, those with a flag are found by its index.
        total, given = _number_of(found, FOUND)
        columns = ", ".join(f"COUNT(*) FILTER (WHERE fact_{n})" for n in range(len(facts)))
        rows = " UNION ALL ".join(f"SELECT * FROM {name}" for name in found.all_rows)  # noqa: S608
        names = ", ".join(f"n_{n}" for n in range(len(facts)))
        few = f"few ({names}) AS MATERIALIZED (SELECT {columns} FROM ({rows}) AS rows)"  # noqa: S608
        statement.named += [*found.named, (f"total (n) AS MATERIALIZED (SELECT {total})", given)]
        statement.named.append((few, ()))
        statement.named.append(_with_flags(parts, facts))
        is_few = f"NOT ({found.are_near}) AND (SELECT n FROM total) BETWEEN 0 AND {FOUND}"  # noqa: S608
        for n, flag in enumerate(FLAGS):
            walked, given = by_flag[flag.id]
            number = f"WHEN {is_few} THEN (SELECT n_{n} FROM few)"  # noqa: S608
            if flag.column:
                flagged_rows = f"(SELECT COUNT(*) FROM with_flags WHERE {flag.column})"  # noqa: S608
                is_rare = f"NOT ({found.are_near}) AND {found.are_rare}"
                number = f"{number} WHEN {is_rare} THEN {flagged_rows}"
            by_flag[flag.id] = f"CASE {number} ELSE {walked} END", given
    statement.named += shared_by([checked])
    for name, counted in by_flag.items():
        statement.ask(name, counted)
    statement.ask("alarms", count_upto(alarms, FLAGGED, connection))
    if found.all_rows and flagged is None:
        statement.ask("listed", ("(SELECT n FROM total)", ()))
    else:
        statement.ask_for_listed(flagged or parts, page, enough)
    statement.ask_for_before(flagged or parts, page, order)
    return Counts(statement.sent(send))


def _found(number: int) -> Count:
    """Return how many a search found; a negative number are those found of far more."""
    if number >= 0:
        return Count.upto(FOUND, number)
    found = -number - 1
    return Count(min(ENOUGH, found // STEPS * STEPS or found), is_more=True)


class Statement:
    """One statement for several numbers, which may read queries that are ``named`` before them.

    With ``rows``, numbers may also be aggregates over these.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.named: list[Sql] = []
        self.rows: Sql = "", ()
        self._asked: dict[str, Sql] = {}

    def ask(self, name: str, number: Sql) -> None:
        self._asked[name] = number

    def ask_for_all(self, name: str, parts: Sequence[Part], bound: int, **how: Any) -> None:
        """Ask for the number of rows of all parts, up to one past the bound (see ``matches``)."""
        found = matches(parts, bound, self.connection, name=name, **how)
        self.named += found.named
        self.ask(name, _number_of(found, bound))

    def ask_for_listed(
        self, parts: Sequence[Part], page: Page | None, enough: int | None = ENOUGH
    ) -> None:
        """Ask how many are listed, unless the page has all of them."""
        is_all = page is not None and not (page.newer or page.older)
        self.ask_for_all("listed", [] if is_all else parts, FOUND, enough=enough)

    def ask_for_before(
        self, parts: Sequence[Part], page: Page | None, order: Order = NEWEST_FIRST
    ) -> None:
        newer = page.newer if page else None
        self.ask_for_all("before", parts if newer else [], BEFORE, before=newer, order=order)

    def sent(self, send: Send) -> Callable[[], Mapping[str, int]]:
        """Send the statement, and return what waits for the numbers."""
        rows, of_rows = self.rows
        numbers = ", ".join(sql for sql, _given in self._asked.values())
        given = tuple(p for _sql, more in self._asked.values() for p in more)
        among = f" FROM {rows}" if rows else ""
        fetch = send(*with_union(self.named, [(f"SELECT {numbers}{among}", (*given, *of_rows))]))
        return lambda: dict(zip(self._asked, fetch(), strict=True))

    def answer(self) -> Mapping[str, int]:
        with sending(self.connection) as send:
            return self.sent(send)()


def _with_flags(parts: Sequence[Part], facts: Sequence[Sql]) -> Sql:
    """Return the query for the rows of all parts that have a flag with a column.

    They have indexes of their own, which are small, so PostgreSQL finds all with a rare text sooner
    than the newest of each flag.
    """
    columns = {flag.column: sql for flag, (sql, _given) in zip(FLAGS, facts, strict=True)}
    columns.pop("", None)
    has_any = f"({' OR '.join(columns.values())})"
    selects: list[Sql] = []
    for part in parts:
        if part.body is not None:
            sql, given = part.body
            selects.append((f"SELECT {', '.join(columns.values())} {sql} AND {has_any}", given))
    sql, given = with_union([], selects)
    return f"with_flags ({', '.join(columns)}) AS MATERIALIZED ({sql})", given


def _number_of(found: Matches, bound: int) -> Sql:
    """Return the number of matches; a negative one if these are found of far more."""
    try:
        sql, given = found.upto(bound)
    except EmptyResultSet:
        return NONE
    is_counted = f"n > {bound} OR ({found.frequent}) = 0"
    number = f"CASE WHEN {is_counted} THEN n ELSE -({found.frequent}) END"
    return f"(SELECT {number} FROM (SELECT COUNT(*) AS n FROM ({sql}) AS found) AS counted)", given  # noqa: S608


def count_before(parts: Sequence[Part], newer: Cursor, order: Order) -> Count:
    """Count the few rows that come before a page in an order without an index."""
    statement = Statement(connections[parts[0].rows.db])
    rows = [starting_at(part.rows, newer, order, backwards=True).order_by() for part in parts]
    statement.ask_for_all("before", [Part(each) for each in rows], BEFORE)
    return Count.upto(BEFORE, statement.answer()["before"])


def up_to(bound: int, rows: TrackedSessionQuerySet) -> Count:
    """Count rows that have an index of their own, up to one past the bound."""
    return Count.upto(bound, rows.newest_first()[: bound + 1].count())
