"""An index with further columns beside its key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models


class CoveringIndex(models.Index):
    """An index that keeps ``beside`` its key the values of other fields, so rows need not be read.

    Django's ``include`` does so, too, but warns wherever the database cannot do it. A further
    column in the key would be another index: PostgreSQL prefers one with more conditions in its
    key, even to a much smaller index of the open rows.
    """

    def __init__(self, *expressions: Any, beside: Sequence[str] = (), **options: Any) -> None:
        super().__init__(*expressions, **options)
        self.beside = tuple(beside)

    def deconstruct(self) -> Any:
        path, expressions, options = super().deconstruct()
        return path, expressions, options | {"beside": self.beside}

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **options: Any) -> Any:
        _path, expressions, given = super().deconstruct()
        index = models.Index(*expressions, **given, include=self.beside)
        return index.create_sql(model, schema_editor, using=using, **options)
