"""Write the statements that count sessions."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Value

from sessions_admin.lookups import SharedKeys
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.unions import Sql, sql_of

NONE: Sql = ("0", ())


def count_upto(rows: TrackedSessionQuerySet, bound: int, connection: Any) -> Sql:
    """Return the count of these rows, up to one past the bound."""
    found = unordered(rows, connection)
    if found is None:
        return NONE
    sql, params = found
    # In the order that makes databases use an index.
    return count_of(f"{sql} {newest_first(rows, connection)} LIMIT {bound + 1}"), params


def count_of(sql: str) -> str:
    return f"(SELECT COUNT(*) FROM ({sql}) AS found)"  # noqa: S608


def unordered(
    rows: TrackedSessionQuerySet,
    connection: Any,
    *columns: str,
    shared_keys: SharedKeys | None = None,
) -> Sql | None:
    """Return the statement for these rows up to its condition; ``None`` if none can match.

    Django writes it once for all that is counted among them, which takes longer than the counts.
    """
    chosen = rows.order_by().values_list(*columns or [Value(1)])
    try:
        return sql_of(chosen, connection, shared_keys)
    except EmptyResultSet:
        # A filter has a wrong value, for example.
        return None


def newest_first(rows: TrackedSessionQuerySet, connection: Any) -> str:
    names = ("created_at", rows.model._meta.pk.column)
    columns = (f"{column(rows, name, connection)} DESC" for name in names)
    return f"ORDER BY {', '.join(columns)}"


def column(rows: TrackedSessionQuerySet, name: str, connection: Any) -> str:
    quoted = connection.ops.quote_name
    return f"{quoted(rows.model._meta.db_table)}.{quoted(name)}"
