"""Trigram indexes, which migrations create if PostgreSQL has ``pg_trgm``.

Without the extension, or the permission to create it, no index is created: searches return the
same results but read every open row.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db import DatabaseError, connections, transaction

# The index of the app's own search.
SEARCH = "sa_active_search"
Step = Callable[[Any, Any], None]


def create(name: str, *, table: str, texts: list[str], more: str = "") -> Step:
    """Return a function for ``RunPython`` that creates an index over these SQL expressions.

    For names and addresses of people write ``folding.sql("column")``. ``more`` is appended to the
    statement, such as a ``WHERE`` clause.
    """

    def step(apps: Any, schema_editor: Any) -> None:
        connection = schema_editor.connection
        if connection.vendor != "postgresql" or (schema := _schema(connection)) is None:
            return
        columns = ", ".join(f"({text}) {schema}.gin_trgm_ops" for text in texts)
        schema_editor.execute(
            f"CREATE INDEX IF NOT EXISTS {name} ON {table} USING gin ({columns}) {more}"
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


def _schema(connection: Any) -> str | None:
    """Return the schema of the extension, creating the extension if needed; ``None`` without it."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError:
        # The extension may exist even so.
        pass
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace "
            "WHERE extname = 'pg_trgm' AND has_schema_privilege(n.oid, 'USAGE')"
        )
        found = cursor.fetchone()
    return str(connection.ops.quote_name(found[0])) if found else None
