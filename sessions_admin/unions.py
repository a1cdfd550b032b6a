"""Several queries as one, each with an order and a limit of its own.

Django's ``union`` takes no such queries on SQLite.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

from sessions_admin.lookups import Shared

# A statement, or a part of one, with its parameters.
Sql = tuple[str, tuple[Any, ...]]


def sql_of(rows: QuerySet[Any, Any], connection: Any, shared: Shared | None = None) -> Sql:
    """Return the statement of a query. Raises EmptyResultSet if no row can match it.

    With ``shared`` it is part of a statement that they come before.
    """
    compiler: Any = rows.query.get_compiler(connection=connection)
    compiler.shared = shared
    sql, parameters = compiler.as_sql()
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
    return with_union([], [(f"SELECT * FROM ({sql}) AS part", given) for sql, given in parts])  # noqa: S608


def with_union(named: Sequence[Sql], selects: Sequence[Sql]) -> Sql:
    """Return the statement for the rows of all ``selects``, which may read the ``named`` queries.

    Raises EmptyResultSet if there are none.
    """
    if not selects:
        raise EmptyResultSet
    # Several parts may need the same ones.
    once = dict(named).items()
    before = f"WITH {', '.join(sql for sql, _given in once)} " if once else ""
    sql = before + " UNION ALL ".join(sql for sql, _given in selects)
    return sql, tuple(each for _sql, given in (*once, *selects) for each in given)
