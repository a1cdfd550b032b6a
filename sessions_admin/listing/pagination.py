"""Keyset paging over rows ordered by a time and the primary key: fast at any depth."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from sessions_admin import moments, pipelines
from sessions_admin.unions import Sql, union_all

# How often rows are read to find those that pass ``keep``; each time twice as many.
ROUNDS = 20
MOST_READ = 2000
MAX_PK = 2**63 - 1

Rows = TypeVar("Rows", bound=QuerySet[Any])


class Reader(Protocol):
    """Reads the first rows, in the order of the column ``by``, of those whose keys are found."""

    @property
    def db(self) -> str: ...

    def read(self, keys: Sql, limit: int, *, by: str, is_descending: bool) -> list[Any]: ...


class BadCursorError(ValueError):
    """The cursor in the URL is malformed."""


@dataclass(frozen=True)
class Order:
    """The order of a list: by which time, and whether the latest comes first."""

    field: str = "created_at"
    is_descending: bool = True


NEWEST_FIRST = Order()


@dataclass(frozen=True)
class Cursor:
    """A position in the list: the row before the next page, or after the previous one.

    ``at`` is the row's time in the order of the list.
    """

    at: datetime
    pk: int

    def __str__(self) -> str:
        text = f"{self.at.isoformat()},{self.pk}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Parse the text of a cursor. Raises BadCursorError."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            text_of_time, _, pk = raw.decode("ascii").partition(",")
            cursor = cls(moments.parse(text_of_time), int(pk))
        except (ValueError, OverflowError, binascii.Error) as error:
            raise BadCursorError(text[:100]) from error
        if not 0 < cursor.pk <= MAX_PK:
            raise BadCursorError(text[:100])
        return cursor


@dataclass(frozen=True)
class Page:
    """Rows in their order, and the cursors of the neighbouring pages (``None`` for no page).

    ``newer`` is the page before this one and ``older`` the page after it, as in the usual order.
    """

    rows: list[Any]
    newer: Cursor | None
    older: Cursor | None


def page_of(
    *parts: QuerySet[Any],
    size: int,
    after: Cursor | None = None,
    before: Cursor | None = None,
    keep: Callable[[list[Any]], list[Any]] = list,
    order: Order = NEWEST_FIRST,
    shown: QuerySet[Any] | Reader | None = None,
    keys: Callable[[int, Cursor | None, bool], Sql] | None = None,
    meanwhile: Callable[[], None] | None = None,
    plainly: bool = False,
) -> Page:
    """Return the ``size`` rows that follow ``after``, or precede ``before``, in this order.

    The rows are those of all ``parts``, merged: each part may have an index of its own. With
    ``shown``, a query for all rows with what is read of each, the parts are asked only for keys;
    several parts need it. Instead of a query, it may be what reads the rows with these keys.
    ``keys`` writes the statement for the keys in another way (see ``parts``). ``keep`` takes rows
    and returns those that belong on the page; more rows are read to replace the ones that it drops.
    ``meanwhile`` is called while the database finds rows, as often as it is asked for some.
    ``plainly`` is for statements that look more expensive than they are (see ``pipelines``).
    """
    backwards = before is not None
    start = before if backwards else after

    def read(limit: int, start: Cursor | None) -> list[Any]:
        first = [starting_at(p, start, order, backwards=backwards)[:limit] for p in parts]
        if shown is None:
            (only,) = first
            with pipelines.meanwhile(connections[only.db], None, plainly=plainly):
                return list(only)
        try:
            sql = (
                keys(limit, start, backwards)
                if keys
                else union_all([rows.values_list("pk") for rows in first], connections[shown.db])
            )
        except EmptyResultSet:
            return []
        with pipelines.meanwhile(connections[shown.db], meanwhile, plainly=plainly):
            if isinstance(shown, QuerySet):
                among = shown.filter(pk__in=RawSQL(*sql))  # noqa: S611
                return list(starting_at(among, None, order, backwards=backwards)[:limit])
            is_descending = order.is_descending is not backwards
            return shown.read(sql, limit, by=order.field, is_descending=is_descending)

    found, rest = _collect(read, size, start, keep, order)
    if backwards:
        found.reverse()
        return Page(rows=found, newer=rest, older=_at(found, -1, order))
    return Page(rows=found, newer=_at(found, 0, order) if start else None, older=rest)


def batches(queryset: QuerySet[Any], size: int) -> Iterator[list[Any]]:
    """Yield all rows in batches, newest first.

    Each batch continues in the index of open rows where the previous one stopped, so that rows
    that have ended are not read repeatedly.
    """
    start: Cursor | None = None
    while rows := list(starting_at(queryset, start)[:size]):
        yield rows
        start = Cursor(rows[-1].created_at, rows[-1].pk)


def _collect(
    read: Callable[[int, Cursor | None], list[Any]],
    size: int,
    start: Cursor | None,
    keep: Callable[[list[Any]], list[Any]],
    order: Order,
) -> tuple[list[Any], Cursor | None]:
    """Return up to ``size`` rows from ``start`` on, and where to continue if there may be more."""
    found: list[Any] = []
    for number in range(ROUNDS):
        limit = max(min((size + 1) << number, MOST_READ), size + 1)
        rows = read(limit, start)
        found += keep(rows)
        if len(found) > size:
            return found[:size], _at(found, size - 1, order)
        if len(rows) < limit:
            return found, None
        start = _at(rows, -1, order)
    return found, start


def starting_at(
    queryset: Rows,
    start: Cursor | None,
    order: Order = NEWEST_FIRST,
    *,
    backwards: bool = False,
) -> Rows:
    """Return the rows after ``start`` in this order, or backwards the rows before it."""
    # PostgreSQL and SQLite both use the index for this form: a range that includes the moment,
    # without the rows up to ``start`` in it. They do not for an OR or a row comparison.
    descending = order.is_descending is not backwards
    sign, until, beyond = ("-", "lte", "gte") if descending else ("", "gte", "lte")
    ordered = queryset.order_by(f"{sign}{order.field}", f"{sign}pk")
    if start is None:
        return ordered
    is_passed = {order.field: start.at, f"pk__{beyond}": start.pk}
    return ordered.filter(**{f"{order.field}__{until}": start.at}).exclude(**is_passed)


def _at(rows: list[Any], index: int, order: Order) -> Cursor | None:
    return Cursor(getattr(rows[index], order.field), rows[index].pk) if rows else None
