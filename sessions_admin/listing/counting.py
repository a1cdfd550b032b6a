"""Count sessions: exactly up to a bound, and as "more than" the bound beyond it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.utils.formats import number_format

from sessions_admin.flags import FLAGS
from sessions_admin.listing.count_sql import (
    NONE,
    column,
    count_of,
    count_upto,
    newest_first,
    unordered,
)
from sessions_admin.listing.pagination import Cursor, Order, Page, starting_at
from sessions_admin.listing.parts import Matches, Part, matches
from sessions_admin.pipelines import Send, sending
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.unions import Sql, with_union

# The bounds: for the whole list, for results of filters and search, and for each flag.
LISTED = 10_000
FOUND = 1000
FLAGGED = 100
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
        return None if found is None else Count.upto(FOUND, found)

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
    for flag, number in by_flag(flagged_among, unordered(flagged_among, connection), connection):
        statement.ask(flag, number)
    statement.ask("alarms", count_upto(alarms, FLAGGED, connection))
    if before is not None:
        statement.ask("before", count_upto(before, BEFORE, connection))
    if listed is not None:
        statement.ask("listed", count_upto(listed, FOUND, connection))
    return Counts(statement.sent(send))


def count_parts(
    parts: Sequence[Part], page: Page, alarms: TrackedSessionQuerySet
) -> tuple[Count, Count, Count]:
    """Count the rows of all ``parts`` up to FOUND, those before the page of them, and the alarms.

    If the page has all rows, only alarms are counted.
    """
    statement = Statement(connections[alarms.db])
    statement.ask("alarms", count_upto(alarms, FLAGGED, statement.connection))
    statement.ask_for_listed(parts, page)
    statement.ask_for_before(parts, page)
    found = statement.answer()
    total = found["listed"] if page.newer or page.older else len(page.rows)
    passed, alarm = Count.upto(BEFORE, found["before"]), Count.upto(FLAGGED, found["alarms"])
    return Count.upto(FOUND, total), passed, alarm


def count_found(
    send: Send,
    parts: Sequence[Part],
    page: Page | None,
    *,
    flagged: Sequence[Part] | None,
    checked: TrackedSessionQuerySet,
    alarms: TrackedSessionQuerySet,
) -> Counts:
    """Count like ``count`` what a search or several flags find, in parts.

    ``flagged`` are the listed ones if flags are chosen, otherwise all ``parts`` are listed.
    ``checked`` are the same rows as ``parts``, to be checked for each flag.
    """
    statement = Statement(connections[alarms.db])
    connection = statement.connection
    facts = [checked.has_flag(flag.id) for flag in FLAGS]
    found = matches(parts, FOUND, connection, name="found", facts=facts)
    counts = dict(by_flag(checked, unordered(checked, connection), connection))
    if found.all_rows:
        # If they are few, all are read anyway. If not, those with a flag are found by its index.
        total, given = _number_of(found, FOUND)
        statement.named += [*found.named, (f"total (n) AS MATERIALIZED (SELECT {total})", given)]
        rows = " UNION ALL ".join(f"SELECT * FROM {name}" for name in found.all_rows)  # noqa: S608
        for n, (flag, (walked, given)) in enumerate(counts.items()):
            few = count_of(f"SELECT 1 FROM ({rows}) AS rows WHERE fact_{n} LIMIT {FLAGGED + 1}")  # noqa: S608
            is_few = f"(SELECT n FROM total) <= {FOUND}"  # noqa: S608
            counts[flag] = f"CASE WHEN {is_few} THEN {few} ELSE {walked} END", given
    for flag, number in counts.items():
        statement.ask(flag, number)
    statement.ask("alarms", count_upto(alarms, FLAGGED, connection))
    if found.all_rows and flagged is None:
        statement.ask("listed", ("(SELECT n FROM total)", ()))
    else:
        statement.ask_for_listed(flagged or parts, page)
    statement.ask_for_before(flagged or parts, page)
    return Counts(statement.sent(send))


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

    def ask_for_all(self, name: str, parts: Sequence[Part], bound: int) -> None:
        """Ask for the number of rows of all parts, up to one past the bound."""
        found = matches(parts, bound, self.connection, name=name)
        self.named += found.named
        self.ask(name, _number_of(found, bound))

    def ask_for_listed(self, parts: Sequence[Part], page: Page | None) -> None:
        """Ask how many are listed, unless the page has all of them."""
        is_all = page is not None and not (page.newer or page.older)
        self.ask_for_all("listed", [] if is_all else parts, FOUND)

    def ask_for_before(self, parts: Sequence[Part], page: Page | None) -> None:
        newer = page.newer if page else None
        before = [part.before(newer) for part in parts] if newer else []
        self.ask_for_all("before", before, BEFORE)

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


def _number_of(found: Matches, bound: int) -> Sql:
    try:
        sql, given = found.upto(bound)
    except EmptyResultSet:
        return NONE
    return count_of(sql), given


def count_before(parts: Sequence[Part], newer: Cursor, order: Order) -> Count:
    """Count the few rows that come before a page in an order without an index."""
    statement = Statement(connections[parts[0].rows.db])
    rows = [starting_at(part.rows, newer, order, backwards=True).order_by() for part in parts]
    statement.ask_for_all("before", [Part(each) for each in rows], BEFORE)
    return Count.upto(BEFORE, statement.answer()["before"])


def up_to_a_hundred(rows: TrackedSessionQuerySet) -> Count:
    """Count a few rows that have an index of their own, as exactly as the flags."""
    return Count.upto(FLAGGED, rows.newest_first()[: FLAGGED + 1].count())


def by_flag(
    rows: TrackedSessionQuerySet, found: Sql | None, connection: Any
) -> Iterator[tuple[str, Sql]]:
    """Yield each flag with the count of the rows that have it.

    ``found`` is their statement, ``unordered``.
    """
    if found is None:
        yield from ((flag.id, NONE) for flag in FLAGS)
        return
    sql, params = found
    compiler = rows.query.get_compiler(connection=connection)
    order = newest_first(rows, connection)
    for flag in FLAGS:
        if flag.column:
            has_flag, more = column(rows, flag.column, connection), ()
        else:
            has_flag, more = compiler.compile(rows.query.build_where(rows.has_flag(flag.id)))
        statement = f"{sql} AND ({has_flag}) {order} LIMIT {FLAGGED + 1}"
        yield flag.id, (count_of(statement), (*params, *more))
