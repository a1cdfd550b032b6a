"""A site of thousands of sessions, for a whole module of tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from benchmarks import seeding


@contextmanager
def seeded(blocker: Any, sessions: int, *statements: str) -> Iterator[None]:
    """Seed the database, run these statements on it, and empty it in the end.

    Keys of sessions begin at 1, whatever ran before: statements may choose rows by them.
    """
    with blocker.unblock():
        try:
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE sessions_admin_trackedsession RESTART IDENTITY CASCADE")
            seeding.seed(sessions)
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                # Dead rows in an index change which one PostgreSQL takes.
                cursor.execute("REINDEX TABLE sessions_admin_trackedsession")
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE accounts_user, accounts_account, django_session CASCADE")
