"""How many: exactly up to a bound, and beyond it that there are more.

Each row that is counted is looked at, since it may have expired, or its person be deactivated, and
rows of one account lie far apart. So of what is surely more than the bound, some are looked at.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.models import Value
from django.utils.formats import number_format

from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.signs import SIGNS

# All that is in view is counted up to here, what filters and a search find, and what has a sign.
LISTED = 10_000
FOUND = 1000
SIGNED = 100
# Where there are a fifth more open rows than the bound, so many of these, drawn by lot, stand for
# all of them. That 95 in 100 of those are active, and less than the bound of all, happens once in
# 10 ** 14 times (Chernoff's bound).
DRAWN = 500
ENOUGH = 0.95


@dataclass(frozen=True)
class Count:
    """``number`` of them, or with ``is_more`` more than that."""

    number: int
    is_more: bool = False

    @classmethod
    def upto(cls, bound: int, found: int) -> Count:
        return cls(min(found, bound), is_more=found > bound)


def grouped(number: int) -> str:
    """As the reader of the page groups its digits."""
    return str(number_format(number, force_grouping=True))


def count(
    active: TrackedSessionQuerySet,
    listed: TrackedSessionQuerySet | None,
    *,
    among: TrackedSessionQuerySet | None,
) -> tuple[Count | None, dict[str, Count]]:
    """How many are listed, where that is asked, and how many of the active ones have which sign.

    ``among`` are the open rows of which those listed are the active ones; ``None`` where even to
    tell those takes a look at each, as under filters.
    """
    bound = FOUND if among is None else LISTED
    drawn = [] if listed is None or among is None else _drawn(among, bound)
    asked = {sign.id: _first(active.filter(sign.condition()), SIGNED) for sign in SIGNS}
    if listed is not None:
        asked["listed"] = listed.filter(pk__in=drawn) if drawn else _first(listed, bound)
    found = _in_one_statement(asked)
    total = None
    if listed is not None:
        number = found.pop("listed")
        if drawn:
            is_sure = number >= ENOUGH * len(drawn)
            number = bound + 1 if is_sure else _first(listed, bound).count()
        total = Count.upto(bound, number)
    return total, {sign: Count.upto(SIGNED, number) for sign, number in found.items()}


def _first(rows: TrackedSessionQuerySet, bound: int) -> TrackedSessionQuerySet:
    """One more than are counted. In order: that leads the planners to walk an index."""
    return rows.newest_first()[: bound + 1]


def _drawn(rows: TrackedSessionQuerySet, bound: int) -> list[int]:
    """Some of the newest rows; none where these are too few to be sure of more than the bound."""
    enough = bound + max(bound // 5, 1)
    pks = list(rows.newest_first().values_list("pk", flat=True)[:enough])
    return random.sample(pks, min(DRAWN, enough)) if len(pks) == enough else []


def _in_one_statement(asked: Mapping[str, TrackedSessionQuerySet]) -> dict[str, int]:
    # One of them says where: a router may name another replica for each.
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
