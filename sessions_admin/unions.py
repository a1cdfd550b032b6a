"""Several queries as one, each with an order and a limit of its own.

Django's ``union`` takes no such queries on SQLite.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

# A statement, or a part of one, with its parameters.
Sql = tuple[str, tuple[Any, ...]]


def sql_of(rows: QuerySet[Any, Any], connection: Any) -> Sql:
    """Return the statement of a query. Raises EmptyResultSet if no row can match it."""
    sql, parameters = rows.query.get_compiler(connection=connection).as_sql()
    return sql, tuple(parameters)


def union_all(queries: Iterable[QuerySet[Any, Any]], connection: Any) -> Sql:
    """Return the statement for the rows of all queries, those that are in several repeated.

    Queries that no row can match are left out. Raises EmptyResultSet if that leaves none.
    """
    parts = []
    for rows in queries:
        try:
            parts.append(sql_of(rows, connection))
        except EmptyResultSet:
            continue
    if not parts:
        raise EmptyResultSet
    sql = " UNION ALL ".join(f"SELECT * FROM ({sql}) AS part" for sql, _given in parts)  # noqa: S608
    return sql, tuple(each for _sql, given in parts for each in given)
