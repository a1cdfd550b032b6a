"""The countries that sessions in somebody's scope are in."""

from __future__ import annotations

from django.db import connections

from sessions_admin.models import TrackedSession
from sessions_admin.policy import Scope

# Of the sessions of some accounts, the newest are read.
READ = 2000
# One step in an index for each country. A DISTINCT would read all rows.
COUNTRIES = """
SELECT code FROM (
    WITH RECURSIVE walk (code) AS (
        SELECT (SELECT country_code FROM {table} WHERE {is_there} AND country_code > ''
            ORDER BY country_code LIMIT 1)
        UNION ALL
        SELECT (SELECT country_code FROM {table} WHERE {is_there} AND country_code > walk.code
            ORDER BY country_code LIMIT 1)
        FROM walk WHERE code IS NOT NULL
    )
    SELECT code FROM walk WHERE code IS NOT NULL
) AS part_{number}
"""


def codes(scope: Scope, *, records: bool = False) -> tuple[set[str], bool]:
    """Return the codes of the countries, and whether they are all.

    Those of open sessions, and for ``records`` of ended ones, too.
    """
    if scope.everything:
        return _walked(records=records), True
    parts = [scope.open(), scope.over()] if records else [scope.open()]
    # If no index has all columns, PostgreSQL reads from the newest on. It may otherwise read the
    # whole of an index that has another order.
    columns = "country_code", "last_seen_at"
    read = [list(part.newest_first().values_list(*columns)[:READ]) for part in parts]
    return {code for rows in read for code, _at in rows}, all(len(rows) < READ for rows in read)


def _walked(*, records: bool) -> set[str]:
    rows = ["ended_at IS NULL", *(["ended_at IS NOT NULL"] if records else [])]
    table = TrackedSession._meta.db_table
    parts = [
        COUNTRIES.format(table=table, is_there=each, number=number)
        for number, each in enumerate(rows)
    ]
    with connections[TrackedSession.objects.db].cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return {code for (code,) in cursor.fetchall()}
