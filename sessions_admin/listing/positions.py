"""The SQL for rows in an order of the list, from a position in it on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sessions_admin.listing.count_sql import column
from sessions_admin.listing.pagination import MAX_PK, NEWEST_FIRST, Cursor, Order
from sessions_admin.models import TrackedSession
from sessions_admin.unions import Sql

# Before and after all rows.
EVER = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Reading:
    """In which order rows are read, and those of which positions (``cut``)."""

    connection: Any
    order: Order = NEWEST_FIRST
    is_descending: bool = True
    cut: Sql = ("", ())

    @cached_property
    def at(self) -> str:
        return column(self.order.field, self.connection)

    @cached_property
    def pk(self) -> str:
        return column("id", self.connection)

    @property
    def columns(self) -> str:
        return f"{self.pk} AS pk, {self.at} AS at"

    @property
    def end(self) -> Any:
        """A moment beyond the last row."""
        return self.moment(EVER[0 if self.is_descending else 1])

    @property
    def ordered(self) -> str:
        sign = "DESC" if self.is_descending else "ASC"
        return f"ORDER BY {self.at} {sign}, {self.pk} {sign}"

    def first(self, limit: int) -> str:
        """The end of a statement for the first of rows with these ``columns``."""
        sign = "DESC" if self.is_descending else "ASC"
        return f"ORDER BY at {sign}, pk {sign} LIMIT {limit}"

    def after(self, start: Cursor | None) -> Reading:
        return replace(self, cut=self._beyond(start, self.is_descending)) if start else self

    def before(self, end: Cursor) -> Reading:
        return replace(self, cut=self._beyond(end, not self.is_descending))

    def upto_last_of(self, query: str, number: int) -> Reading:
        """Return the same for rows before the last of this query, if it has so many."""
        reaches, last = (">=", "MIN") if self.is_descending else ("<=", "MAX")
        at = f"SELECT CASE WHEN COUNT(*) >= {number} THEN {last}(at) END FROM {query}"  # noqa: S608
        cut, positions = self.cut
        more = f" AND {self.at} {reaches} COALESCE(({at}), %s)"
        return replace(self, cut=(f"{cut}{more}", (*positions, self.end)))

    def _beyond(self, start: Cursor, is_descending: bool) -> Sql:
        # As in ``starting_at``.
        until, passed = ("<=", ">=") if is_descending else (">=", "<=")
        at = self.moment(start.at)
        condition = f" AND {self.at} {until} %s AND NOT ({self.at} = %s AND {self.pk} {passed} %s)"
        # SQLite takes no number beyond the last key, which a page at the end may start from.
        return condition, (at, at, min(start.pk, MAX_PK))

    def moment(self, at: datetime) -> Any:
        field: Any = TrackedSession._meta.get_field(self.order.field)
        return field.get_db_prep_value(at, self.connection)

    def rows(self, columns: str, body: Sql, further: Sql = ("", ())) -> Sql:
        """Return the statement for these columns of the rows, up to its condition."""
        (sql, given), (cut, positions), (more, others) = body, self.cut, further
        return f"SELECT {columns} {sql}{cut}{more}", (*given, *positions, *others)
