"""Trigram indexes, which migrations create if PostgreSQL has ``pg_trgm``.

Without the extension, or the permission to create it, no index is created: searches return the
same results but read every open row. With ``btree_gin``, too, the indexes know what the filters ask
for, such as the account of each row. Without it, the search of an account reads the matches of
other accounts, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from django.db import DatabaseError, connections, transaction

# The index of the app's own search.
SEARCH = "sa_active_search"
# All of them, each with an index that has the same rows, or more.
INDEXES = {
    SEARCH: "sa_active_newest",
    "sa_ended_search": "sa_ended_newest",
    "sa_flagged_search": "sa_active_newest",
    "sa_ended_flagged_search": "sa_ended_newest",
}
Step = Callable[[Any, Any], None]


def create(
    name: str, *, table: str, texts: list[str], within: Sequence[str] = (), more: str = ""
) -> Step:
    """Return a function for ``RunPython`` that creates an index over these SQL expressions.

    For names and addresses of people write ``folding.sql("column")``. ``within`` are expressions
    that set apart the rows that are searched together. ``more`` is appended to the statement, such
    as a ``WHERE`` clause.
    """

    def step(apps: Any, schema_editor: Any) -> None:
        connection = schema_editor.connection
        if connection.vendor != "postgresql":
            return
        if (schema := _schema(connection, "pg_trgm")) is None:
            return
        columns = [f"({text}) {schema}.gin_trgm_ops" for text in texts]
        if within and _schema(connection, "btree_gin") is not None:
            columns = [*(f"({each})" for each in within), *columns]
        schema_editor.execute(
            f"CREATE INDEX IF NOT EXISTS {name} ON {table} USING gin ({', '.join(columns)}) {more}"
        )

    return step


@cache
def has_search(alias: str) -> bool:
    """Whether this database finds a part of a text by an index; asked once in a process."""
    connection = connections[alias]
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [SEARCH]
        )
        found = cursor.fetchone()
    return bool(found and found[0])


def drop(name: str) -> Step:
    """Return a function for ``RunPython`` that drops an index made by ``create``."""

    def step(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP INDEX IF EXISTS {name}")

    return step


def _schema(connection: Any, extension: str) -> str | None:
    """Return the schema of an extension, creating it if needed; ``None`` without it."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    except DatabaseError:
        # The extension may exist even so.
        pass
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace "
            "WHERE extname = %s AND has_schema_privilege(n.oid, 'USAGE')",
            [extension],
        )
        found = cursor.fetchone()
    return str(connection.ops.quote_name(found[0])) if found else None
