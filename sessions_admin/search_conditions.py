"""The conditions on the searchable text of a row (see ``search_text``).

The trigram index of the ended rows has the name of the account apart from the other texts. So a
search of an account reads nothing of a word that is in the names of others, but a word may be in
either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, cast

from django.db.models import BooleanField, Func, TextField, Value
from django.db.models.lookups import Contains

from sessions_admin.folding import FoldWhenRead, fold, folded_text
from sessions_admin.search_text import (
    ACCOUNT_NAME,
    BEFORE_PLACEHOLDERS,
    BESIDE_ACCOUNT,
    BETWEEN,
)

# The names of accounts in rows that have ended: one step in an index for each name.
NAMES = """
WITH RECURSIVE named (account, name) AS (
    SELECT account, (SELECT account_name FROM {table} WHERE ended_at IS NOT NULL
        AND account_id = account ORDER BY account_name LIMIT 1)
    FROM unnest(%s::text[]) AS account
    UNION ALL
    SELECT account, (SELECT account_name FROM {table} WHERE ended_at IS NOT NULL
        AND account_id = account AND account_name > name ORDER BY account_name LIMIT 1)
    FROM named WHERE name IS NOT NULL
)
SELECT 1 FROM named"""


class BesideAccount(Func):
    """The text without the name of the account, as the index of ended rows has it."""

    output_field = TextField()

    def __init__(self) -> None:
        super().__init__("search_text")

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return BESIDE_ACCOUNT.format(text=self._column(compiler)), []

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        text = self._column(compiler)
        return f"substr({text}, instr({text}, char(30)))", []

    def _column(self, compiler: Any) -> str:
        text, _none = compiler.compile(self.source_expressions[0])
        return str(text)


class AccountName(BesideAccount):
    """The name of the account in the text, as the index of ended rows has it."""

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return ACCOUNT_NAME.format(text=self._column(compiler)), []

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        text = self._column(compiler)
        return f"substr({text}, 1, instr({text}, char(30)))", []


class Has(Func):
    """Whether a row's text has this part, folded, or one of these codes and placeholders as is."""

    function = "sessions_admin_has"
    output_field = BooleanField()
    OTHERS = "\v"

    def __init__(self, part: str, *others: str, text: Any = "search_text") -> None:
        super().__init__(text, Value(part), Value(self.OTHERS.join(others)))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        text, part, others = cast("list[Any]", self.source_expressions)
        texts = [other for other in others.value.split(self.OTHERS) if other]
        return _contains(compiler, connection, text, [folded_text(part.value), *texts])


class HasBesideAccount(Has):
    """The same of the text without the name of the account."""

    def __init__(self, part: str, *others: str) -> None:
        super().__init__(part, *others, text=BesideAccount())


class HasInAccountName(Has):
    """Whether the name of a row's account has this part."""

    def __init__(self, part: str) -> None:
        super().__init__(part, text=AccountName())


class HasAddress(Func):
    """Whether a row's text has an address that begins with these letters.

    Always true on SQLite, where the text has none in letters.
    """

    function = "sessions_admin_has_address"
    output_field = BooleanField()

    def __init__(self, letters: str, *, text: Any = "search_text") -> None:
        super().__init__(text, Value(f"{BETWEEN}{letters}"))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        text, letters = cast("list[Any]", self.source_expressions)
        return _contains(compiler, connection, text, [letters.value])

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return "(1 = 1)", []


class AsIndexed(Func):
    """A column that is filtered, in the words of the index of the texts.

    The index has it as an expression, so that PostgreSQL uses it for nothing but searches: from its
    statistics, it takes the bitmap of a large account for a small one.
    """

    template = "(%(expressions)s || '')"
    output_field = TextField()

    def __init__(self, column: str) -> None:
        super().__init__(column)


@dataclass(frozen=True)
class TextIndex:
    """The index of texts that finds the rows of a query: that of the open rows or of the ended.

    If all rows are in the accounts ``names_of``, ended rows are not looked for by names that these
    accounts never had.
    """

    is_of_ended: bool
    names_of: list[str]


class OneOfEach(Func):
    """Whether one condition of each of these sequences is true.

    Written as all combinations that fulfil it. PostgreSQL answers each of them with one scan of an
    index, which reads little if one condition of it is rare. For an AND of ORs, it would collect
    all rows of each OR first.
    """

    output_field = BooleanField()

    def __init__(self, *choices: Sequence[Any]) -> None:
        self._sizes = tuple(map(len, choices))
        super().__init__(*(condition for choice in choices for condition in choice))

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Any:  # type: ignore[override]
        compiled = iter([compiler.compile(each) for each in self.source_expressions])
        choices = [[next(compiled) for _n in range(size)] for size in self._sizes]
        combinations = list(product(*choices))
        sql = " OR ".join(f"({' AND '.join(sql for sql, _given in c)})" for c in combinations)
        return f"({sql})", [each for c in combinations for _sql, given in c for each in given]


def _contains(compiler: Any, connection: Any, column: Any, parts: Sequence[Any]) -> Any:
    """Return the condition that the column contains any of these texts or expressions."""
    text, _none = compiler.compile(column)
    conditions: list[str] = []
    params: list[Any] = []
    for part in parts:
        if isinstance(part, str):
            pattern: Any = f"%{connection.ops.prep_for_like_query(part)}%"
            condition, given = f"{text} LIKE %s::text", [pattern]
        else:
            condition, given = compiler.compile(Contains(column, part))
        index = getattr(compiler.query, "index", None)
        if index and isinstance(column, BesideAccount) is index.is_of_ended:
            # What is read when the statement runs is not compared with the statistics before.
            half, _like, pattern = condition.partition(" LIKE ")
            pattern = f"SELECT {pattern}"
            if index.names_of and isinstance(column, AccountName):
                pattern, given = _if_named(compiler, pattern, given)
            condition = f"{half} LIKE ({pattern})"
        conditions.append(condition)
        params += given
    return f"({' OR '.join(conditions)})", params


def _if_named(compiler: Any, pattern: str, given: Sequence[Any]) -> tuple[str, list[Any]]:
    """Return the query for a pattern, without a row if none of the accounts was ever called so.

    Then the index is not asked. A word in the names of other accounts may be in a million rows,
    which it would compare with all those of these accounts.
    """
    query, name = compiler.query, FoldWhenRead.folded("name")
    names = NAMES.format(table=query.get_meta().db_table)
    sql = f"{pattern} WHERE EXISTS ({names} WHERE {name} LIKE ({pattern}))"
    params = [*given, query.index.names_of, *given]
    if shared := getattr(compiler, "shared", None):
        return shared.values((sql, *given), sql, tuple(params)), []
    return sql, params


def has(text: Any, part: str, others: str) -> bool:
    """What ``Has`` asks, for SQLite, which keeps the text as it was written."""
    fields, before, placeholders = str(text).partition(BEFORE_PLACEHOLDERS)
    folded = fold(fields) + before + placeholders
    return any(each in folded for each in (fold(part), *others.split(Has.OTHERS)) if each)
