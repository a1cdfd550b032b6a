"""Read rows of the list, with their users.

All pages of the list read the same columns. Django writes their names anew for each page, and reads
all columns or, at twice the cost, some of them. Here the statement is written once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db import connections
from django.db.models import DateTimeField
from django.db.models.base import ModelState

from sessions_admin.listing.pagination import Reader
from sessions_admin.models import TrackedSession
from sessions_admin.unions import Sql

# The fields that the list shows or decides by. Any other is read when somebody asks for it.
SHOWN = (
    "id",
    "public_id",
    "session_key",
    "user",
    "user_label",
    "account_id",
    "account_name",
    "application",
    "ip_address",
    "country_code",
    "country",
    "city",
    "browser",
    "browser_version",
    "os",
    "os_version",
    "device",
    "device_kind",
    "other_origins",
    "created_at",
    "last_seen_at",
    "expires_at",
    "ended_at",
    "is_far",
    "is_new_country",
    "is_new_kind",
    "is_one_of_many",
    "flag_evidence",
)


class Shape(NamedTuple):
    """What is the same for all pages.

    ``statement`` has slots for the active count, the keys, the order and the limit.
    """

    statement: str
    converters: Any
    columns: list[str]
    user_columns: list[str]


def reader() -> Reader | None:
    """Return what reads rows; ``None`` where users are in several tables, which Django joins."""
    return None if get_user_model()._meta.parents else _Reader()


class _Reader:
    """Reads rows with their users and ``active_count``."""

    @property
    def db(self) -> str:
        return TrackedSession.objects.db

    def read(self, keys: Sql, limit: int, *, by: str, is_descending: bool) -> list[TrackedSession]:
        """Return the first of the rows whose keys this statement finds, by the column ``by``."""
        users: Any = get_user_model()
        alias = self.db
        connection, shape = connections[alias], _shape(users, alias)
        sessions = TrackedSession.objects.all()
        compiler: Any = sessions.query.get_compiler(connection=connection)
        count, counted = sessions.active_count_sql(compiler)
        found, wanted = keys
        statement = shape.statement.format(
            count=count,
            keys=found,
            by=by,
            direction="DESC" if is_descending else "ASC",
            limit=limit,
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, (*counted, *wanted))
            rows = cursor.fetchall()
        if shape.converters:
            rows = compiler.apply_converters(rows, shape.converters)
        return list(_made(rows, shape, alias))


def _made(rows: Iterable[Sequence[Any]], shape: Shape, alias: str) -> Iterator[TrackedSession]:
    users: Any = get_user_model()
    own, relation = len(SHOWN), TrackedSession._meta.get_field("user")
    people: dict[Any, Any] = {None: None}
    for values in rows:
        # What is missing is deferred. The constructor does the same in ten times the time.
        session = TrackedSession.__new__(TrackedSession)
        session._state = ModelState()
        session._state.adding, session._state.db = False, alias
        session.__dict__.update(zip(shape.columns, values, strict=False))
        *of_user, session.active_count = values[own:]
        if session.user_id not in people:
            people[session.user_id] = users.from_db(alias, shape.user_columns, of_user)
        relation.set_cached_value(session, people[session.user_id])
        yield session


@cache
def _shape(users: Any, alias: str) -> Shape:
    connection: Any = connections[alias]
    compiler: Any = TrackedSession.objects.all().query.get_compiler(connection=connection)
    rows, people, quoted = TrackedSession._meta, users._meta, connection.ops.quote_name

    def columns_of(table: str, fields: Iterable[Any]) -> tuple[list[Any], list[str]]:
        columns = [field.get_col(table) for field in fields]
        return columns, [compiler.compile(column)[0] for column in columns]

    fields: list[Any] = [rows.get_field(name) for name in SHOWN]
    own, of_own = columns_of(rows.db_table, fields)
    # Times take longest to read, and neither names nor sign-ins depend on them.
    of_user = [f for f in people.concrete_fields if not isinstance(f, DateTimeField)]
    theirs, of_theirs = columns_of(people.db_table, of_user)
    table, pk = quoted(rows.db_table), of_own[SHOWN.index("id")]
    their_table, their_pk = (
        quoted(people.db_table),
        of_theirs[of_user.index(people.pk)],
    )
    return Shape(
        # All names are those of the models.
        statement=f"SELECT {', '.join((*of_own, *of_theirs))}, {{count}} FROM {table} "  # noqa: S608
        f"LEFT JOIN {their_table} ON {of_own[SHOWN.index('user')]} = {their_pk} "
        f"WHERE {pk} IN ({{keys}}) ORDER BY {table}.{{by}} {{direction}}, {pk} {{direction}} "
        "LIMIT {limit}",
        converters=compiler.get_converters([*own, *theirs]),
        columns=[field.attname for field in fields],
        user_columns=[field.attname for field in of_user],
    )
