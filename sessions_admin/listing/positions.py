"""The SQL for rows in an order of the list, from a position in it on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from sessions_admin.listing.count_sql import column
from sessions_admin.listing.pagination import MAX_PK, NEWEST_FIRST, Cursor, Order
from sessions_admin.models import TrackedSession
from sessions_admin.unions import Sql

# The weeks in which open sessions were last active, one step in an index for each.
WEEKS = """(
    WITH RECURSIVE walk (week) AS (
        (SELECT {week} FROM {table} WHERE ended_at IS NULL ORDER BY {week} LIMIT 1)
        UNION ALL
        SELECT (SELECT {week} FROM {table} WHERE ended_at IS NULL AND {week} > walk.week
            ORDER BY {week} LIMIT 1)
        FROM walk WHERE walk.week <= %s
    )
    SELECT week FROM walk WHERE week <= %s
) AS weeks"""
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
    def has_weeks(self) -> bool:
        """Whether this is the order of the index by week, and ``by_week`` is there."""
        is_newest_first = self.order.field == NEWEST_FIRST.field
        return is_newest_first and self.connection.vendor == "postgresql"

    @property
    def end(self) -> Any:
        """A moment beyond the last row."""
        return self.moment(EVER[0 if self.is_descending else 1])

    @property
    def ordered(self) -> str:
        sign = "DESC" if self.is_descending else "ASC"
        return f"ORDER BY {self.at} {sign}, {self.pk} {sign}"

    @property
    def ordered_found(self) -> str:
        """The order of rows with these ``columns``."""
        sign = "DESC" if self.is_descending else "ASC"
        return f"ORDER BY at {sign}, pk {sign}"

    def first(self, limit: int) -> str:
        """The end of a statement for the first of rows with these ``columns``."""
        return f"{self.ordered_found} LIMIT {limit}"

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

    def by_week(self, body: Sql, last: date, limit: object, further: Sql = ("", ())) -> Sql:
        """Return the statement for the first rows of each week until the last, in no order.

        It has the ``columns``. The ``limit`` may be an expression.
        """
        week, table = column("last_seen_week", self.connection), TrackedSession._meta.db_table
        sql, given = self.rows(self.columns, body, further)
        weeks = WEEKS.format(week=week, table=self.connection.ops.quote_name(table))
        of_week = f"{sql} AND {week} = weeks.week {self.ordered} LIMIT {limit}"
        found = f"SELECT of_week.* FROM {weeks}, LATERAL ({of_week}) AS of_week"  # noqa: S608
        return found, (last, last, *given)

    def rows(self, columns: str, body: Sql, further: Sql = ("", ())) -> Sql:
        """Return the statement for these columns of the rows, up to its condition."""
        (sql, given), (cut, positions), (more, others) = body, self.cut, further
        return f"SELECT {columns} {sql}{cut}{more}", (*given, *positions, *others)
