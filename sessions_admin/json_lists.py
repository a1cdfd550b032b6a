"""Compare lists in JSON columns, such as the ids of the accounts that a record is about."""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, Func, JSONField, Value


class _OfLists(Func):
    """A condition on two lists of texts; each of them is a column or a list in Python."""

    arity = 2
    output_field = BooleanField()
    postgresql = ""
    sqlite = ""

    def __init__(self, *lists: Any) -> None:
        super().__init__(
            *(Value(each, JSONField()) if isinstance(each, list) else each for each in lists)
        )

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self._filled(self.postgresql, compiler)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self._filled(self.sqlite, compiler)

    def _filled(self, statement: str, compiler: Any) -> Any:
        (left, params), (right, more) = map(compiler.compile, self.source_expressions)
        return statement.format(left=left, right=right), [*params, *more]


class AllIn(_OfLists):
    """Whether every text of the first list is in the second."""

    postgresql = "({left} <@ {right})"
    sqlite = (
        "NOT EXISTS (SELECT 1 FROM json_each({left}) AS one WHERE one.value NOT IN "
        "(SELECT other.value FROM json_each({right}) AS other))"
    )


class AnyIn(_OfLists):
    """Whether any text of the first list is in the second."""

    postgresql = (
        "EXISTS (SELECT 1 FROM jsonb_array_elements({left}) AS one (value) "
        "WHERE one.value <@ {right})"
    )
    sqlite = (
        "EXISTS (SELECT 1 FROM json_each({left}) AS one WHERE one.value IN "
        "(SELECT other.value FROM json_each({right}) AS other))"
    )
