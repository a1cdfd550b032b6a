"""Counts sessions: exactly up to a bound, and beyond it "more than" the bound.

Each row that is counted has to be looked at, since it may have expired or its user be deactivated,
and rows of one account lie far apart. So where there are surely more than the bound, a sample is.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.models import Value
from django.utils.formats import number_format

from sessions_admin.flags import FLAGS
from sessions_admin.querysets import TrackedSessionQuerySet

# The bounds: for all that is in view, for what filters and a search find, for each flag.
LISTED = 10_000
FOUND = 1000
FLAGGED = 100
# Where there are a fifth more open rows than the bound, a random sample of this size stands for all
# of them. That 95 % of the sample are active although fewer than the bound are in all happens once
# in 10 ** 14 times (Chernoff's bound).
SAMPLE = 500
ENOUGH = 0.95


@dataclass(frozen=True)
class Count:
    """``number``, or with ``is_more`` more than that."""

    number: int
    is_more: bool = False

    @classmethod
    def upto(cls, bound: int, found: int) -> Count:
        return cls(min(found, bound), is_more=found > bound)


def grouped(number: int) -> str:
    """The number with its digits grouped in the reader's way."""
    return str(number_format(number, force_grouping=True))


def count(
    active: TrackedSessionQuerySet,
    listed: TrackedSessionQuerySet | None,
    *,
    among: TrackedSessionQuerySet | None,
) -> tuple[Count | None, dict[str, Count]]:
    """How many rows are listed, if that is asked, and how many of the active ones have each flag.

    ``among`` are the open rows of which the listed ones are the active ones, or ``None`` where
    filters apply, so that no sample can stand for them.
    """
    bound = FOUND if among is None else LISTED
    sample = [] if listed is None or among is None else _sampled(among, bound)
    asked = {flag.id: _first(active.filter(flag.condition()), FLAGGED) for flag in FLAGS}
    if listed is not None:
        asked["listed"] = listed.filter(pk__in=sample) if sample else _first(listed, bound)
    found = _in_one_statement(asked)
    total = None
    if listed is not None:
        number = found.pop("listed")
        if sample:
            is_sure = number >= ENOUGH * len(sample)
            number = bound + 1 if is_sure else _first(listed, bound).count()
        total = Count.upto(bound, number)
    return total, {flag: Count.upto(FLAGGED, number) for flag, number in found.items()}


def _first(rows: TrackedSessionQuerySet, bound: int) -> TrackedSessionQuerySet:
    """One row more than is counted. The order leads the query planners to walk an index."""
    return rows.newest_first()[: bound + 1]


def _sampled(rows: TrackedSessionQuerySet, bound: int) -> list[int]:
    """A sample of the newest rows; none if these are too few to be sure of the bound."""
    enough = bound + max(bound // 5, 1)
    pks = list(rows.newest_first().values_list("pk", flat=True)[:enough])
    return random.sample(pks, min(SAMPLE, enough)) if len(pks) == enough else []


def _in_one_statement(asked: Mapping[str, TrackedSessionQuerySet]) -> dict[str, int]:
    # The first one decides: a router may name another replica for each.
    connection = connections[next(iter(asked.values())).db]
    parts: list[str] = []
    parameters: list[Any] = []
    for rows in asked.values():
        compiler = rows.values_list(Value(1)).query.get_compiler(connection=connection)
        sql, given = compiler.as_sql()
        parts.append(f"(SELECT COUNT(*) FROM ({sql}) AS found)")  # noqa: S608
        parameters += given
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", parameters)
        return dict(zip(asked, cursor.fetchone(), strict=True))
