"""The walks of parts as queries: how far they go, and what is known when they have ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sessions_admin.listing.pagination import NEWEST_FIRST
from sessions_admin.listing.parts import Part, Walk
from sessions_admin.listing.positions import Reading
from sessions_admin.unions import Sql

# If fewer than one in so many matches, those that have a flag are found sooner by an index than in
# its order.
RARE = 10


@dataclass(frozen=True)
class Bounds:
    """How far walks go: to ``limit`` matches, or to ``enough`` of them if many rows are left.

    Beyond the NEAR rows, matches have to be as often among these as the first number of ``reach``
    says, and up to the second number of rows are looked through. For a page, a walk ends where
    those before it have enough. What the walks found is counted on its own, beside parts with the
    same rows, unless no row is in several (``are_apart``). With ``is_first``, a part is read before
    the walks go on.
    """

    reach: tuple[int, int]
    reach_apart: tuple[int, int]
    limit: int
    enough: int
    are_apart: bool = True
    is_first: bool = False

    def reach_of(self, walk: Walk) -> tuple[int, int]:
        return self.reach_apart if walk.is_apart else self.reach


@dataclass(frozen=True)
class Walks:
    """The walks of some parts by their names, and the queries of them (``named``)."""

    walks: dict[str, Walk]
    named: list[Sql]
    bounds: Bounds

    def add(self, name: str, walk: Walk, body: Sql, along: Sql, reading: Reading) -> None:
        self.named.extend(_walk(name, walk, body, along, self.bounds, reading))
        self.walks[name] = walk

    @property
    def have_all(self) -> str:
        """The condition that all rows were looked through."""
        return " AND ".join(map(self._has_all, self.walks)) or "FALSE"

    @property
    def are_rare(self) -> str:
        """The condition that the newest rows have few matches."""
        few = (
            f"{RARE} * (SELECT COUNT(*) FROM near_{name}) < {walk.near}"  # noqa: S608
            for name, walk in self.walks.items()
        )
        return " AND ".join(few) or "TRUE"

    @property
    def are_frequent(self) -> str:
        """The condition that a walk ended before the limit, since many rows are left."""
        return self._any_frequent(self.walks)

    def if_found(self, name: str) -> str:
        """Return the clause for the matches of a walk that has as many as asked, or all.

        Those of a frequent one are not counted: they may be among the rows of parts before it.
        """
        return f"WHERE {self._while_rare(name, self._is_full(name))}"

    def unless_near(self, part: Part) -> str:
        """Return the clause for the rows of a part that is read before its walks go on."""
        return f"WHERE NOT ({self.have_all})" if part.walks else ""

    def unless_found(self, part: Part) -> str:
        """Return the clause for the rows of a part, which its walks may have found."""
        names = [name for name, walk in self.walks.items() if walk in part.walks]
        if not names:
            return ""
        are_found = " AND ".join(map(self._is_enough, names))
        return f"WHERE {self._while_rare(names[-1], f'NOT ({are_found})')}"

    def _is_enough(self, name: str) -> str:
        return f"({self._is_full(name)} OR {self._any_frequent([name])})"

    def _is_full(self, name: str) -> str:
        number = f"(SELECT COUNT(*) FROM walked_{name})"  # noqa: S608
        has_all = self._has_all(name) if self.bounds.are_apart else self.have_all
        return f"({has_all} OR {number} >= {self.bounds.limit})"

    def _has_all(self, name: str) -> str:
        """Return the condition that a walk has read all rows: NEAR ones or fewer, or the others."""
        is_near = f"(SELECT COUNT(*) FROM near_until_{name}) = 0"  # noqa: S608
        if self.bounds.is_first:
            return is_near
        often, _most = self.bounds.reach_of(self.walks[name])
        is_often = f"(SELECT COUNT(*) FROM near_{name}) >= {often}"  # noqa: S608
        is_end = f"(SELECT COUNT(*) FROM until_{name}) = 0"  # noqa: S608
        return f"({is_near} OR CASE WHEN {is_often} THEN {is_end} ELSE FALSE END)"

    def _while_rare(self, name: str, condition: str) -> str:
        """Return the condition, unless a walk before this one has found enough."""
        names = list(self.walks)
        are_frequent = self._any_frequent(names[: names.index(name)])
        return f"CASE WHEN {are_frequent} THEN FALSE ELSE {condition} END"

    def _any_frequent(self, names: Iterable[str]) -> str:
        if self.bounds.enough == self.bounds.limit:
            return "FALSE"
        conditions = (
            f"CASE WHEN (SELECT COUNT(*) FROM walked_{name}) >= {self.bounds.enough} "  # noqa: S608
            f"THEN (SELECT COUNT(*) FROM until_{name}) = 1 ELSE FALSE END"
            for name in names
        )
        return " OR ".join(conditions) or "FALSE"


def walks_of(
    parts: Sequence[Part], reading: Reading, suffix: str = ""
) -> Iterator[tuple[str, Walk, Sql, Sql]]:
    """Yield the walks of these parts, each with a name, its matches and the rows along it."""
    walks = dict.fromkeys(walk for part in parts for walk in part.walks)
    if reading.order.field != NEWEST_FIRST.field:
        return
    for number, walk in enumerate(walks):
        body, along = walk.matches.body, walk.along.body
        if body and along:
            yield f"{number}{suffix}", walk, body, along


def _walk(
    name: str, walk: Walk, body: Sql, along: Sql, bounds: Bounds, reading: Reading
) -> list[Sql]:
    """Return the query ``walked_`` with this name, and those before it.

    It has the matches among NEAR rows. If they are often enough, but too few, it has those among
    the further rows, too.
    """
    near, limit, enough = walk.near, bounds.limit, bounds.enough
    often, most = bounds.reach_of(walk)
    at, ordered, end = reading.at, reading.ordered, reading.end
    beyond, reaches = ("<", ">=") if reading.is_descending else (">", "<=")
    last_near, last = f"(SELECT at FROM near_until_{name})", f"(SELECT at FROM until_{name})"  # noqa: S608
    is_near: Sql = f" AND {at} {reaches} COALESCE({last_near}, %s)", (end,)
    is_beyond: Sql = f" AND {at} {beyond} {last_near}", ()
    is_further: Sql = f"{is_beyond[0]} AND {at} {reaches} COALESCE({last}, %s)", (end,)
    number = f"(SELECT COUNT(*) FROM near_{name})"  # noqa: S608
    # If the further rows have as many matches, half of these are enough.
    expected = f"2 * {enough} * {near} / GREATEST({number}, 1)"
    offset = f"OFFSET GREATEST(LEAST({expected}, {most}) - {near}, 1) - 1"
    # PostgreSQL plans for the constant limit, and stops at the other.
    further_rows = f"CASE WHEN {last} IS NULL THEN {limit} ELSE {enough} END - {number}"
    is_often = f"{number} >= {often} AND {number} < {limit}"
    rest = f"LIMIT CASE WHEN {is_often} THEN GREATEST({further_rows}, 0) ELSE 0 END"

    def named(name: str, read: Sql, before: str = "", after: str = "") -> Sql:
        sql, given = read
        return f"{name} AS MATERIALIZED ({before}{sql} {ordered} {after})", given

    moment, row = f"{at} AS at", reading.columns
    until = reading.rows(moment, along, is_beyond)
    further = reading.rows(row, body, is_further)
    both = f"SELECT * FROM near_{name} UNION ALL SELECT * FROM further_{name}"  # noqa: S608
    return [
        named(f"near_until_{name}", reading.rows(moment, along), "", f"LIMIT 1 OFFSET {near - 1}"),
        named(f"near_{name}", reading.rows(row, body, is_near), "", f"LIMIT {limit}"),
        named(f"until_{name}", until, "", f"LIMIT 1 {offset}"),
        named(f"further_{name}", further, "SELECT * FROM (", f"LIMIT {limit}) AS part {rest}"),
        (f"walked_{name} AS MATERIALIZED ({both})", ()),
    ]
