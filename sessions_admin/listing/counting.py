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
from django.db.models import QuerySet, Value
from django.db.models.functions import Random
from django.utils.formats import number_format

from sessions_admin.flags import FLAGS
from sessions_admin.querysets import TrackedSessionQuerySet

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
    sample = [] if listed is None or among is None else _sampled(among, bound)
    asked = {flag.id: _first(flagged_among.flagged([flag.id]), FLAGGED) for flag in FLAGS}
    asked["alarms"] = _first(alarms, FLAGGED)
    if listed is not None:
        asked["listed"] = listed.filter(pk__in=sample) if sample else _first(listed, bound)
    if before is not None:
        asked["before"] = _first(before, BEFORE)
    found = _in_one_statement(asked)
    position = Count.upto(BEFORE, found.get("before", 0))
    total = None
    if listed is not None:
        number = found["listed"]
        if sample:
            is_sure = number >= ENOUGH * len(sample)
            number = bound + 1 if is_sure else _first(listed, bound).count()
        total = Count.upto(bound, number)
    return Counts(
        listed=total,
        flags={flag.id: Count.upto(FLAGGED, found[flag.id]) for flag in FLAGS},
        alarms=Count.upto(FLAGGED, found["alarms"]),
        before=position,
    )


def count_parts(
    parts: Sequence[TrackedSessionQuerySet],
    before: Sequence[TrackedSessionQuerySet],
    alarms: TrackedSessionQuerySet,
) -> tuple[Count, Count, Count]:
    """Count the rows of all ``parts`` up to FOUND, those ``before`` a page, and the alarms."""
    asked = {f"listed {n}": _first(part, FOUND) for n, part in enumerate(parts)}
    asked |= {f"before {n}": _first(part, BEFORE) for n, part in enumerate(before)}
    found = _in_one_statement(asked | {"alarms": _first(alarms, FLAGGED)})
    listed = sum(number for name, number in found.items() if name.startswith("listed"))
    passed = sum(number for name, number in found.items() if name.startswith("before"))
    alarm = Count.upto(FLAGGED, found["alarms"])
    return Count.upto(FOUND, listed), Count.upto(BEFORE, passed), alarm


def count_before(rows: TrackedSessionQuerySet) -> Count:
    """Count the rows that come before a page."""
    return Count.upto(BEFORE, _first(rows, BEFORE).count())


def up_to_a_hundred(rows: TrackedSessionQuerySet) -> Count:
    """Count a few rows that have an index of their own, as exactly as the flags."""
    return Count.upto(FLAGGED, _first(rows, FLAGGED).count())


def _first(rows: TrackedSessionQuerySet, bound: int) -> TrackedSessionQuerySet:
    """Return the rows up to one past the bound, in the order that makes databases use an index."""
    return rows.newest_first()[: bound + 1]


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


def _in_one_statement(asked: Mapping[str, TrackedSessionQuerySet]) -> dict[str, int]:
    # Use the first one's connection: a router may return another replica for each.
    connection = connections[next(iter(asked.values())).db]
    parts: list[str] = []
    parameters: list[Any] = []
    for rows in asked.values():
        try:
            sql, given = _sql(rows.values_list(Value(1)), connection)
        except EmptyResultSet:
            # No row can match: a filter has a wrong value, for example.
            parts.append("0")
            continue
        parts.append(f"(SELECT COUNT(*) FROM ({sql}) AS found)")  # noqa: S608
        parameters += given
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", parameters)
        return dict(zip(asked, cursor.fetchone(), strict=True))


def _sql(rows: QuerySet[Any, Any], connection: Any) -> tuple[str, tuple[Any, ...]]:
    sql, parameters = rows.query.get_compiler(connection=connection).as_sql()
    return sql, tuple(parameters)
