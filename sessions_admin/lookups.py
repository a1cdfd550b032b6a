"""Lookups for thousands of values."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import F
from django.db.models.lookups import In

# So many keys are written wherever a statement needs them.
FEW = 50


class Keys(list[Any]):
    """Many primary keys, for several conditions of a statement."""

    @cached_property
    def in_sql(self) -> Any:
        """The keys as the parameter of a condition: one text, if they need no quotes.

        To quote each would take ten times as long.
        """
        are_plain = {type(each) for each in self} <= {int, UUID}
        return f"{{{','.join(map(str, self))}}}" if are_plain else list(self)


class Shared:
    """Queries that a statement reads in several places but has only once, with names.

    The compiler of each part of the statement has it as ``shared``; ``named`` come before all.
    """

    def __init__(self) -> None:
        self._names: dict[Hashable, str] = {}
        self.named: list[tuple[str, tuple[Any, ...]]] = []

    def values(self, key: Hashable, sql: str, given: tuple[Any, ...]) -> str:
        """Return a query for what this query with one column finds, which has this ``key``."""
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = f"shared_{len(self._names)}"
            self.named.append((f"{name} (value) AS MATERIALIZED ({sql})", given))
        return f"SELECT value FROM {name}"  # noqa: S608


class Among(In):
    """``field IN values`` for keys as they were read, as in `rows.filter(Among("pk", pks))`.

    PostgreSQL gets one array. With a parameter for each of a thousand values, it would take longer
    to write and parse the statement than to run it.
    """

    def __init__(self, field: str, values: Sequence[Any]) -> None:
        super().__init__(F(field), values if isinstance(values, Keys) else list(values))

    def get_prep_lookup(self) -> Any:
        return self.rhs

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        sql, params = self.process_lhs(compiler, connection)
        return f"{sql} = ANY({self._array(connection)})", [*params, self._values()]

    def _array(self, connection: Any) -> str:
        # Where types differ, PostgreSQL compares with one value after the other, without a hash.
        return f"%s::{self.lhs.output_field.db_type(connection)}[]"

    def _values(self) -> Any:
        return self.rhs.in_sql if isinstance(self.rhs, Keys) else self.rhs

    def _shared(self, compiler: Any, connection: Any) -> str | None:
        """Return the query for the values, if the statement shares many."""
        shared: Shared | None = getattr(compiler, "shared", None)
        if shared is None or not isinstance(self.rhs, Keys) or len(self.rhs) <= FEW:
            return None
        sql = f"SELECT unnest({self._array(connection)})"
        return shared.values(id(self.rhs), sql, (self.rhs.in_sql,))


class AmongWhenRead(Among):
    """The same for rows that are read for another reason: true or false, never NULL.

    PostgreSQL looks for none by an index, and does not count the rows of each value while it plans.
    """

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        sql, params = super().as_sql(compiler, connection)
        return f"CASE WHEN {sql} THEN TRUE ELSE FALSE END", params

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        if keys := self._shared(compiler, connection):
            column, params = self.process_lhs(compiler, connection)
            sql = f"{column} IN ({keys})"
        else:
            sql, params = super().as_postgresql(compiler, connection)
        return f"CASE WHEN {sql} THEN TRUE ELSE FALSE END", params


class AmongByIndex(Among):
    """The same for rows that are best found by an index, whatever the values are."""

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        sql, params = self.process_lhs(compiler, connection)
        if keys := self._shared(compiler, connection):
            return f"{sql} = ANY(ARRAY({keys}))", params
        # Of a value that is read, PostgreSQL does not look up how many rows each key has.
        array = self._array(connection)
        kind = array.removeprefix("%s::")
        return f"{sql} = ANY((SELECT {array})::{kind})", [*params, self._values()]
