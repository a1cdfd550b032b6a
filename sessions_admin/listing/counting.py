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
from django.db.models import Value
from django.db.models.functions import Random
from django.utils.formats import number_format

from sessions_admin.flags import FLAGS
from sessions_admin.listing.pagination import Cursor, Order, Page, starting_at
from sessions_admin.listing.parts import Matches, Part, matches
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.unions import Sql, sql_of, with_union

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

    ``among`` are all open rows, of which ``listed`` and ``flagged_among`` are the active ones, or
    ``None`` if filters apply: then a sample cannot be used.
    """
    bound = FOUND if among is None else LISTED
    # The first one's connection for all: a router may return another replica for each.
    connection = connections[flagged_among.db]
    found_among = _unordered(flagged_among, connection)
    asked = _by_flag(flagged_among, found_among, connection)
    asked["alarms"] = _number(alarms, FLAGGED, connection)
    if before is not None:
        asked["before"] = _number(before, BEFORE, connection)
    sampled = None
    if listed is not None and among is None:
        asked["listed"] = _number(listed, FOUND, connection)
    elif listed is not None and among is not None:
        # Without filters the flags are counted among the same rows.
        sampled = _active_in_sample(listed, found_among, among, connection)
        if sampled is None:
            asked["listed"] = _whole(listed, found_among, connection)
    found = _in_one_statement(asked, connection)
    total = found.get("listed", 0)
    if listed is not None and sampled is not None:
        is_sure = sampled >= ENOUGH * min(SAMPLE, _enough())
        total = bound + 1 if is_sure else listed.newest_first()[: bound + 1].count()
    return Counts(
        listed=None if listed is None else Count.upto(bound, total),
        flags={flag.id: Count.upto(FLAGGED, found[flag.id]) for flag in FLAGS},
        alarms=Count.upto(FLAGGED, found["alarms"]),
        before=Count.upto(BEFORE, found.get("before", 0)),
    )


def count_parts(
    parts: Sequence[Part], page: Page, alarms: TrackedSessionQuerySet
) -> tuple[Count, Count, Count]:
    """Count the rows of all ``parts`` up to FOUND, those before the page of them, and the alarms.

    If the page has all rows, only alarms are counted.
    """
    statement = _Statement(connections[alarms.db])
    statement.ask("alarms", _number(alarms, FLAGGED, statement.connection))
    statement.ask_for_listed(parts, page)
    statement.ask_for_before(parts, page)
    found = statement.answer()
    total = found["listed"] if page.newer or page.older else len(page.rows)
    passed, alarm = Count.upto(BEFORE, found["before"]), Count.upto(FLAGGED, found["alarms"])
    return Count.upto(FOUND, total), passed, alarm


def count_found(
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
    statement = _Statement(connections[alarms.db])
    connection = statement.connection
    facts = [checked.has_flag(flag.id) for flag in FLAGS]
    found = matches(parts, FOUND, connection, name="found", facts=facts)
    by_flag = _by_flag(checked, _unordered(checked, connection), connection)
    if found.all_rows:
        # If they are few, all are read anyway. If not, those with a flag are found by its index.
        total, given = _number_of(found, FOUND)
        statement.named += [*found.named, (f"total (n) AS MATERIALIZED (SELECT {total})", given)]
        rows = " UNION ALL ".join(f"SELECT * FROM {name}" for name in found.all_rows)  # noqa: S608
        for n, (flag, (walked, given)) in enumerate(by_flag.items()):
            few = _count_of(f"SELECT 1 FROM ({rows}) AS rows WHERE fact_{n} LIMIT {FLAGGED + 1}")  # noqa: S608
            is_few = f"(SELECT n FROM total) <= {FOUND}"  # noqa: S608
            by_flag[flag] = f"CASE WHEN {is_few} THEN {few} ELSE {walked} END", given
    for flag, number in by_flag.items():
        statement.ask(flag, number)
    statement.ask("alarms", _number(alarms, FLAGGED, connection))
    if found.all_rows and flagged is None:
        statement.ask("listed", ("(SELECT n FROM total)", ()))
    else:
        statement.ask_for_listed(flagged or parts, page)
    statement.ask_for_before(flagged or parts, page)
    answer = statement.answer()
    return Counts(
        listed=Count.upto(FOUND, answer["listed"]),
        flags={flag.id: Count.upto(FLAGGED, answer[flag.id]) for flag in FLAGS},
        alarms=Count.upto(FLAGGED, answer["alarms"]),
        before=Count.upto(BEFORE, answer["before"]),
    )


class _Statement:
    """One statement for several numbers, which may read queries that are ``named`` before them."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.named: list[Sql] = []
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

    def answer(self) -> dict[str, int]:
        return _in_one_statement(self._asked, self.connection, named=self.named)


def _number_of(found: Matches, bound: int) -> Sql:
    try:
        sql, given = found.upto(bound)
    except EmptyResultSet:
        return NONE
    return _count_of(sql), given


def count_before(parts: Sequence[Part], newer: Cursor, order: Order) -> Count:
    """Count the few rows that come before a page in an order without an index."""
    statement = _Statement(connections[parts[0].rows.db])
    rows = [starting_at(part.rows, newer, order, backwards=True).order_by() for part in parts]
    statement.ask_for_all("before", [Part(each) for each in rows], BEFORE)
    return Count.upto(BEFORE, statement.answer()["before"])


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
        has_flag, more = compiler.compile(rows.query.build_where(rows.has_flag(flag.id)))
        statement = f"{sql} AND ({has_flag}) {order} LIMIT {FLAGGED + 1}"
        counts[flag.id] = _count_of(statement), (*params, *more)
    return counts


def _active_in_sample(
    listed: TrackedSessionQuerySet,
    found: Sql | None,
    among: TrackedSessionQuerySet,
    connection: Any,
) -> int | None:
    """Return how many of a sample of the newest rows are listed; ``None`` if those are too few."""
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
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT CASE WHEN {are_many} THEN {in_sample} END",
            (*open_params, *params, *open_params),
        )
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


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


def _in_one_statement(
    asked: Mapping[str, Sql], connection: Any, named: Sequence[Sql] = ()
) -> dict[str, int]:
    sql, given = with_union(named, [(f"SELECT {', '.join(s for s, _ in asked.values())}", ())])
    given += tuple(each for _sql, more in asked.values() for each in more)
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return dict(zip(asked, cursor.fetchone(), strict=True))
