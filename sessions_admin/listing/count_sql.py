"""Write the statements that count sessions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Value

from sessions_admin import flags, querysets
from sessions_admin.flags import FLAGS
from sessions_admin.lookups import Shared
from sessions_admin.models import TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.unions import Sql, sql_of

NONE: Sql = ("0", ())
# The times and dates in these statements. Each is a fixed span ago, from minutes to a month.
TIMES: tuple[Callable[[], Any], ...] = (
    querysets.expired_until,
    flags.idle_since,
    flags.last_idle_week,
)
A_MOMENT, A_WEEK = timedelta(minutes=1), timedelta(weeks=1)
_kept: dict[Hashable, dict[str, Sql]] = {}


def count_upto(rows: TrackedSessionQuerySet, bound: int, connection: Any) -> Sql:
    """Return the count of these rows, up to one past the bound."""
    found = unordered(rows, connection)
    if found is None:
        return NONE
    sql, params = found
    # In the order that makes databases use an index.
    return count_of(f"{sql} {newest_first(connection)} LIMIT {bound + 1}"), params


def count_of(sql: str) -> str:
    return f"(SELECT COUNT(*) FROM ({sql}) AS found)"  # noqa: S608


def unordered(
    rows: TrackedSessionQuerySet,
    connection: Any,
    *columns: str,
    shared: Shared | None = None,
) -> Sql | None:
    """Return the statement for these rows up to its condition; ``None`` if none can match.

    Django writes it once for all that is counted among them, which takes longer than the counts.
    """
    chosen = rows.order_by().values_list(*columns or [Value(1)])
    try:
        return sql_of(chosen, connection, shared)
    except EmptyResultSet:
        # A filter has a wrong value, for example.
        return None


def newest_first(connection: Any) -> str:
    columns = (f"{column(name, connection)} DESC" for name in ("created_at", "id"))
    return f"ORDER BY {', '.join(columns)}"


def in_weeks(connection: Any) -> str:
    """Return the order that makes databases use the index by week."""
    return f"ORDER BY {column('last_seen_week', connection)}"


def column(name: str, connection: Any) -> str:
    quoted = connection.ops.quote_name
    return f"{quoted(TrackedSession._meta.db_table)}.{quoted(name)}"


def count_by_flag(
    facts: Sequence[Sql], found: Sql | None, bound: int, connection: Any
) -> dict[str, Sql]:
    """Return the count of the rows with each flag, up to one past the bound, by flag."""
    if found is None:
        return {flag.id: NONE for flag in FLAGS}
    sql, params = found
    newest, by_week = newest_first(connection), in_weeks(connection)
    counts = {}
    for flag, (has_flag, more) in zip(FLAGS, facts, strict=True):
        order = by_week if flag.is_by_week else newest
        statement = f"{sql} AND ({has_flag}) {order} LIMIT {bound + 1}"
        counts[flag.id] = count_of(statement), (*params, *more)
    return counts


def facts_of(rows: TrackedSessionQuerySet, connection: Any) -> list[Sql]:
    """Return for each flag the condition on a row that has it."""
    compiler = rows.query.get_compiler(connection=connection)
    facts: list[Sql] = []
    for flag in FLAGS:
        if flag.column:
            has_flag, more = column(flag.column, connection), ()
        else:
            has_flag, more = compiler.compile(rows.query.build_where(rows.has_flag(flag.id)))
        facts.append((has_flag, tuple(more)))
    return facts


def kept(key: Hashable, write: Callable[[], dict[str, Sql]]) -> dict[str, Sql]:
    """Return the statements that ``write`` returns, which are written only once for each key.

    Beside the key they may depend only on the time. Django takes longer to write them than to
    render the rows of a page.
    """
    now = {time: at for time in TIMES if (at := time()) is not None}
    if key not in _kept:
        _kept[key] = {
            name: (sql, tuple(_as_kept(value, now) for value in params))
            for name, (sql, params) in write().items()
        }
    return {
        name: (sql, tuple(now.get(value, value) for value in params))
        for name, (sql, params) in _kept[key].items()
    }


def _as_kept(value: Any, now: dict[Callable[[], Any], Any]) -> Any:
    """Return the function for a time or date among ``TIMES``, which was asked for a moment later.

    Raises ValueError for any other, which would be kept for ever.
    """
    if not isinstance(value, date):
        return value
    alike = [time for time in now if type(now[time]) is type(value)]
    time = min(alike, key=lambda time: abs(value - now[time]))
    if abs(value - now[time]) > (A_MOMENT if isinstance(value, datetime) else A_WEEK):
        raise ValueError(value)
    return time
