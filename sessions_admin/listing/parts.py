"""The rows that a search finds, in parts that have none in common, and how to look for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.db import connections
from django.db.models import BooleanField, Case, Func, Q, Value, When

from sessions_admin.listing.count_sql import unordered
from sessions_admin.lookups import Shared
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.unions import Sql

# So many of the newest rows are looked through first; so many, if they are far apart on disk.
NEAR, NEAR_APART = 2000, 1000


@dataclass(frozen=True, eq=False)
class Part:
    """Rows, and how to look for them from the newest on; without a walk, that is the database's.

    All of them are among those of its ``walks``, whose other rows are in other parts. With
    ``has_index``, an index finds all rows of the part, of which there are few if the newest rows
    have few. With ``is_ready``, it finds them one after the other, so that a count ends sooner
    there than in a walk. With ``is_by_week``, the index by week has them, and few others.
    """

    rows: TrackedSessionQuerySet
    walks: Sequence[Walk] = ()
    has_index: bool = False
    is_ready: bool = False
    is_by_week: bool = False
    shared: Shared = field(default_factory=Shared)

    @cached_property
    def statement(self) -> Sql | None:
        """The statement for the rows up to its condition; ``None`` if none can match.

        It is written once for all that is read of them, which takes longer than to read it.
        """
        connection = connections[self.rows.db]
        return unordered(self.rows, connection, shared=self.shared)

    @property
    def body(self) -> Sql | None:
        """The statement without its columns."""
        if self.statement is None:
            return None
        sql, given = self.statement
        columns, _from, body = sql.partition(" FROM ")
        return f"FROM {body}", given[columns.count("%s") :]


@dataclass(frozen=True, eq=False)
class Walk:
    """Rows to look through from the newest on: those of an index (``along``).

    Those that fit are ``matches``, by a condition that PostgreSQL can only check row by row. With
    ``is_apart``, the rows are far apart on disk, and an index has just the matches. Unless
    ``has_index``, indexes find far more rows than match. With ``is_by_week``, the index by week has
    the rows.
    """

    matches: Part
    along: Part
    is_apart: bool = False
    has_index: bool = True
    is_by_week: bool = False

    @property
    def near(self) -> int:
        """How many rows are looked through first."""
        return NEAR_APART if self.is_apart else NEAR


def row_by_row(condition: Q) -> Case:
    """The same condition, so that PostgreSQL uses no index for it and expects many matches."""
    return Case(
        When(condition, then=Value(True)), default=Value(False), output_field=BooleanField()
    )


class Few(Func):
    """A condition that is always true, by which PostgreSQL expects few rows.

    So it looks up the user of each. If it expected thousands, it would read all users for them.
    """

    template = "((%(expressions)s + 0) = %(expressions)s)"
    output_field = BooleanField()

    def __init__(self) -> None:
        super().__init__("pk")


def shared_by(parts: Sequence[Part]) -> list[Sql]:
    """Return the queries that the parts share."""
    shared = {id(part.shared): part.shared for part in parts}
    return [named for each in shared.values() for named in each.named]


def look_expensive(parts: Sequence[Part]) -> bool:
    """Whether PostgreSQL overestimates statements for these parts: it expects no end of a walk."""
    return any(part.walks for part in parts)
