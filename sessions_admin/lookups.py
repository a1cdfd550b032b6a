"""A lookup for thousands of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F
from django.db.models.lookups import In


class Among(In):
    """``field IN values`` for keys as they were read, as in `rows.filter(Among("pk", pks))`.

    PostgreSQL gets one array. With a parameter for each of a thousand values, it would take longer
    to write and parse the statement than to run it.
    """

    def __init__(self, field: str, values: Sequence[Any]) -> None:
        super().__init__(F(field), list(values))

    def get_prep_lookup(self) -> Any:
        return self.rhs

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        sql, params = self.process_lhs(compiler, connection)
        return f"{sql} = ANY(%s)", [*params, self.rhs]
