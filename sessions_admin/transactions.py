"""Transactions that read first and write later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction


@contextmanager
def writing(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Open a transaction that takes SQLite's write lock when it begins, waiting for its turn.

    SQLite otherwise begins with a read lock. Once another transaction has written, it can no longer
    be upgraded: the write fails immediately with "database is locked", whatever the timeout. Other
    databases, which lock rows, get an ordinary transaction.
    """
    connection: Any = connections[using]
    if connection.vendor != "sqlite":
        with transaction.atomic(using=using):
            yield
        return
    # Connecting sets the mode of the project's settings.
    connection.ensure_connection()
    mode, connection.transaction_mode = connection.transaction_mode, "IMMEDIATE"
    try:
        with transaction.atomic(using=using):
            yield
    finally:
        connection.transaction_mode = mode
