"""Keyset paging over rows ordered by (created_at, pk), newest first: fast at any depth."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import QuerySet

from sessions_admin import moments

# How often rows are read to find those that pass ``keep``; each time twice as many.
ROUNDS = 20
MOST_READ = 2000

Rows = TypeVar("Rows", bound=QuerySet[Any])


class BadCursorError(ValueError):
    """The cursor in the URL is malformed."""


@dataclass(frozen=True)
class Cursor:
    """A position in the list: the row before the next page, or after the previous one."""

    created_at: datetime
    pk: int

    def __str__(self) -> str:
        text = f"{self.created_at.isoformat()},{self.pk}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Parse the text of a cursor. Raises BadCursorError."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            at, _, pk = raw.decode("ascii").partition(",")
            cursor = cls(moments.parse(at), int(pk))
        except (ValueError, OverflowError, binascii.Error) as error:
            raise BadCursorError(text[:100]) from error
        if not 0 < cursor.pk < 2**63:
            raise BadCursorError(text[:100])
        return cursor


@dataclass(frozen=True)
class Page:
    """Rows, newest first, and the cursors of the neighbouring pages (``None`` for no page)."""

    rows: list[Any]
    newer: Cursor | None
    older: Cursor | None


def page_of(
    queryset: QuerySet[Any],
    *,
    size: int,
    after: Cursor | None = None,
    before: Cursor | None = None,
    keep: Callable[[list[Any]], list[Any]] = list,
) -> Page:
    """Return the ``size`` rows that follow ``after`` (older), or precede ``before`` (newer).

    ``keep`` takes rows and returns those that belong on the page; more rows are read to replace
    the ones that it drops.
    """
    backwards = before is not None
    start = before if backwards else after
    found, rest = _collect(queryset, size, start, keep, backwards=backwards)
    if backwards:
        found.reverse()
        return Page(rows=found, newer=rest, older=_at(found, -1))
    return Page(rows=found, newer=_at(found, 0) if start else None, older=rest)


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
    queryset: QuerySet[Any],
    size: int,
    start: Cursor | None,
    keep: Callable[[list[Any]], list[Any]],
    *,
    backwards: bool,
) -> tuple[list[Any], Cursor | None]:
    """Return up to ``size`` rows from ``start`` on, and where to continue if there may be more."""
    found: list[Any] = []
    for number in range(ROUNDS):
        limit = max(min((size + 1) << number, MOST_READ), size + 1)
        rows = list(starting_at(queryset, start, backwards=backwards)[:limit])
        found += keep(rows)
        if len(found) > size:
            return found[:size], _at(found, size - 1)
        if len(rows) < limit:
            return found, None
        start = Cursor(rows[-1].created_at, rows[-1].pk)
    return found, start


def starting_at(queryset: Rows, start: Cursor | None, *, backwards: bool = False) -> Rows:
    """Return the rows after ``start``, newest first, or backwards before it, oldest first."""
    # PostgreSQL and SQLite both use the index for this form: a range that includes the moment,
    # without the rows up to ``start`` in it. They do not for an OR or a row comparison.
    if backwards:
        ordered = queryset.order_by("created_at", "pk")
        if start:
            ordered = ordered.filter(created_at__gte=start.created_at).exclude(
                created_at=start.created_at, pk__lte=start.pk
            )
        return ordered
    ordered = queryset.order_by("-created_at", "-pk")
    if start:
        ordered = ordered.filter(created_at__lte=start.created_at).exclude(
            created_at=start.created_at, pk__gte=start.pk
        )
    return ordered


def _at(rows: list[Any], index: int) -> Cursor | None:
    return Cursor(rows[index].created_at, rows[index].pk) if rows else None
