"""The searchable text of a row, a generated column that the database keeps in step.

It holds, in lower case, every field that the list shows of the row: its origin at sign-in and its
origin now. Names and addresses of people are not in it, since they live in the user table and
change there. On PostgreSQL with ``pg_trgm`` a trigram index finds any part of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import F, Func, Q, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Lower
from django.db.models.lookups import Contains

ACCOUNT = "account_name"
OF_THE_SIGN_IN = (
    ACCOUNT,
    "city",
    "region",
    "country",
    "browser",
    "browser_version",
    "os",
    "os_version",
    "device",
)
OF_THE_LATEST_ORIGIN = (
    "ip_address",
    "city",
    "region",
    "country",
    "browser",
    "browser_version",
    "os",
    "os_version",
    "device",
)
# A word of the search has no space in it, so it is never found across two fields.
BETWEEN = "\n"
# Around country codes, which are searched for as a whole.
AROUND_CODE = "\t"


class Host(Func):
    """An address without its netmask: PostgreSQL writes one into the text of every address."""

    function = "HOST"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="%(expressions)s", **context)


class Joined(Func):
    """Concatenation. (``Concat`` nests too deeply for SQLite.)"""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = TextField()


def expression(*, without: Collection[str] = ()) -> Lower:
    """The expression that the column is generated from, without some fields of the sign-in."""
    fields = [name for name in OF_THE_SIGN_IN if name not in without]
    parts: list[Any] = [Host("ip_address"), *map(F, fields)]
    parts += [KT(f"other_origins__0__{name}") for name in OF_THE_LATEST_ORIGIN]
    codes: list[Any] = [F("country_code"), KT("other_origins__0__country_code")]
    text: list[Any] = []
    for part in parts:
        text += [Value(BETWEEN), Coalesce(part, Value(""), output_field=TextField())]
    for code in codes:
        around = Value(AROUND_CODE)
        text += [around, Coalesce(code, Value(""), output_field=TextField()), around]
    return Lower(Joined(*text))


def has(word: str) -> Q:
    """Rows with this word as a part of any field."""
    return Q(search_text__contains=Lower(Value(word)))


def has_beside_account(word: str) -> Q:
    """Rows with this word as a part of any field but the account's name.

    No index knows this; it is for rows that ``has`` has found.
    """
    return Q(Contains(expression(without=[ACCOUNT]), Lower(Value(word))))


def has_country(codes: Iterable[str]) -> Q:
    """Rows whose sign-in or present origin is in one of these countries."""
    found = Q()
    for code in codes:
        found |= has(f"{AROUND_CODE}{code}{AROUND_CODE}")
    return found
