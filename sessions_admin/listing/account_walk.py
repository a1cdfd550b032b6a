"""The statement that finds accounts of sessions: one step in an index for each account.

A DISTINCT would read all rows, and a MIN takes twice as long to plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from sessions_admin import folding
from sessions_admin.models import TrackedSession
from sessions_admin.unions import Sql, sql_of

# How many accounts are looked through for those that match; the search covers all of them.
WALKED = 10_000

ACCOUNTS = """
WITH RECURSIVE walk (id, step) AS (
    SELECT (SELECT account_id FROM {table} WHERE {is_there} AND account_id > ''
        ORDER BY account_id LIMIT 1), 1
    UNION ALL
    SELECT (SELECT account_id FROM {table} WHERE {is_there} AND account_id > walk.id
        ORDER BY account_id LIMIT 1), step + 1
    FROM walk WHERE id IS NOT NULL AND step < %s
)
SELECT id, name FROM (
    SELECT id, CASE WHEN {is_named} THEN (
        SELECT account_name FROM {table} WHERE {is_there} AND account_id = walk.id
        ORDER BY created_at DESC, id DESC LIMIT 1
    ) ELSE '' END AS name FROM walk WHERE id IS NOT NULL
) AS named WHERE {condition} ORDER BY {order} LIMIT %s
"""


def statement(
    words: Sequence[str],
    text: str,
    limit: int,
    connection: Any,
    *,
    records: bool = False,
    more: Sequence[QuerySet[Any, Any]] = (),
) -> Sql:
    """Return the statement for up to ``limit`` accounts that match all ``words``.

    Those that begin with the ``text`` come first. Each row has the number of its part, an id and a
    name. The parts are the ended rows, for ``records``, the open rows, and the ``more`` queries.
    """
    rows = ["ended_at IS NOT NULL", "ended_at IS NULL"] if records else ["ended_at IS NULL"]
    name, pattern = (folding.sql(each, connection.vendor) for each in ("name", "%s"))
    like = f"{name} LIKE {pattern} ESCAPE '\\'"
    condition = " AND ".join([like] * len(words)) or "1 = 1"
    # Without a text, the first ones are enough; if too many for a select, no name is shown.
    walked = WALKED if words else limit
    is_named = "1 = 1" if words else f"(SELECT COUNT(id) FROM walk) < {limit}"  # noqa: S608
    order = f"CASE WHEN {like} THEN 0 ELSE 1 END, {name}" if words else "id"
    patterns = [f"%{_escaped(word)}%" for word in words]
    patterns += [f"{_escaped(text)}%"] if words else []
    repeated = [each for each in patterns for _time in range(pattern.count("%s"))]
    parts = [
        f"SELECT {number}, id, name FROM ({accounts}) AS part_{number}"  # noqa: S608
        for number, accounts in enumerate(
            ACCOUNTS.format(
                table=TrackedSession._meta.db_table,
                is_there=each,
                is_named=is_named,
                condition=condition,
                order=order,
            )
            for each in rows
        )
    ]
    given: list[Any] = [walked, *repeated, limit] * len(parts)
    for queried in more:
        sql, params = sql_of(queried, connection)
        parts.append(f"SELECT {len(parts)}, * FROM ({sql}) AS part_{len(parts)}")  # noqa: S608
        given += params
    return f"{' UNION ALL '.join(parts)} ORDER BY 1", tuple(given)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
