"""Read rows of the list, with their users.

All pages of the list read the same columns. Django writes their names anew for each page, and reads
all columns or, at twice the cost, some of them. Here the statement is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from inspect import getattr_static
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db import connections
from django.db.models import DateTimeField, JSONField, Model
from django.db.models.base import ModelState
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.signals import post_init, pre_init

from sessions_admin.listing.pagination import Reader
from sessions_admin.models import TrackedSession
from sessions_admin.querysets import expired_until
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

    ``statement`` has slots for the keys, the order and the limit. Its only parameter is since when
    rows have expired, if that is known.
    """

    statement: str
    converters: Any
    columns: list[str]
    user_columns: list[str]
    are_users_plain: bool


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
        alias, late = self.db, expired_until()
        connection: Any = connections[alias]
        shape = _shape(users, alias, late is not None, connection.timezone)
        counted = () if late is None else (connection.ops.adapt_datetimefield_value(late),)
        found, wanted = keys
        statement = shape.statement.format(
            keys=found, by=by, direction="DESC" if is_descending else "ASC", limit=limit
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, (*counted, *wanted))
            rows = cursor.fetchall()
        if shape.converters:
            compiler = TrackedSession.objects.all().query.get_compiler(connection=connection)
            rows = compiler.apply_converters(rows, shape.converters)
        return list(_made(rows, shape, alias))


def _made(rows: Iterable[Sequence[Any]], shape: Shape, alias: str) -> Iterator[TrackedSession]:
    users: Any = get_user_model()
    own, relation = len(SHOWN), TrackedSession._meta.get_field("user")
    has_receivers = any(signal.has_listeners(users) for signal in (pre_init, post_init))
    is_quick = shape.are_users_plain and not has_receivers
    make_user = _quickly_made if is_quick else users.from_db.__func__
    people: dict[Any, Any] = {None: None}
    for values in rows:
        # What is missing is deferred.
        session = _quickly_made(TrackedSession, alias, shape.columns, values[:own])
        *of_user, session.active_count = values[own:]
        if session.user_id not in people:
            people[session.user_id] = make_user(users, alias, shape.user_columns, of_user)
        relation.set_cached_value(session, people[session.user_id])
        yield session


def _quickly_made(model: Any, alias: str, columns: Iterable[str], values: Iterable[Any]) -> Any:
    """Return what ``from_db`` of the model returns, in a tenth of the time."""
    made = model.__new__(model)
    made._state = state = ModelState()
    state.adding, state.db = False, alias
    made.__dict__.update(zip(columns, values, strict=True))
    return made


def _is_made_by_django(model: Any) -> bool:
    """Whether nothing but Django has a say in how a row of the model is made."""
    columns = (getattr_static(model, field.attname) for field in model._meta.concrete_fields)
    # Descriptors of some packages convert a value when it is set.
    converting = [
        each
        for each in columns
        if hasattr(each, "__set__") and type(each) is not ForeignKeyDeferredAttribute
    ]
    return (
        model.__init__ is Model.__init__
        and model.from_db.__func__ is Model.from_db.__func__  # type: ignore[attr-defined]
        and not converting
    )


@cache
def _shape(users: Any, alias: str, _is_late_known: bool, timezone: Any) -> Shape:
    connection: Any = connections[alias]
    sessions = TrackedSession.objects.all()
    compiler: Any = sessions.query.get_compiler(connection=connection)
    count, _late = sessions.active_count_sql(compiler)
    rows, people, quoted = TrackedSession._meta, users._meta, connection.ops.quote_name

    # psycopg reads the text of a time in Python, which takes longer than to make the row.
    are_texts = connection.vendor == "postgresql" and timezone is UTC

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
    converters = {
        number: ([_quick(convert) for convert in converts], column)
        if isinstance(column.output_field, JSONField)
        else (converts, column)
        for number, (converts, column) in compiler.get_converters([*own, *theirs]).items()
    }
    shown = of_own.copy()
    for number, field in enumerate(fields):
        if are_texts and isinstance(field, DateTimeField):
            shown[number] += "::text"
            converters[number] = [_time], own[number]
    return Shape(
        # All names are those of the models.
        statement=f"SELECT {', '.join((*shown, *of_theirs))}, {count} FROM {table} "  # noqa: S608
        f"LEFT JOIN {their_table} ON {of_own[SHOWN.index('user')]} = {their_pk} "
        f"WHERE {pk} IN ({{keys}}) ORDER BY {table}.{{by}} {{direction}}, {pk} {{direction}} "
        "LIMIT {limit}",
        converters=converters,
        columns=[field.attname for field in fields],
        user_columns=[field.attname for field in of_user],
        are_users_plain=_is_made_by_django(users),
    )


def _quick(convert: Callable[..., Any]) -> Callable[..., Any]:
    """Return the converter of a JSON column, in which almost all rows have nothing."""

    def converted(value: Any, *about: Any) -> Any:
        return {} if value == "{}" else [] if value == "[]" else convert(value, *about)

    return converted


def _time(value: str | None, *_about: Any) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
