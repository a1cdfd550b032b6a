"""The walks of parts as queries: how far they go, and what is known when they have ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sessions_admin.flags import last_idle_week
from sessions_admin.listing.pagination import NEWEST_FIRST
from sessions_admin.listing.parts import Part, Walk
from sessions_admin.listing.positions import Reading
from sessions_admin.unions import Sql

# If fewer than one in so many matches, those that have a flag are found sooner by an index than in
# its order.
RARE = 10
# If no more rows than these are left, all are looked through.
LEFT = 6000
# A burst of sign-ins may be all that the newest rows are. So where these have few matches, so many
# rows are looked through this long before, too. They have to have matches twice as often.
BEFORE_A_BURST, SAMPLE = "{1 day,7 days,30 days}", 200


@dataclass(frozen=True)
class Reach:
    """How far walks go beyond the NEAR rows; each has a way of its own (see ``Walk``).

    Matches have to be as often among the NEAR rows, or long before, as the first number says, and
    up to the second number of rows are looked through.
    """

    whole: tuple[int, int]
    apart: tuple[int, int]
    unindexed: tuple[int, int]

    def of(self, walk: Walk) -> tuple[int, int]:
        if not walk.has_index:
            return self.unindexed
        return self.apart if walk.is_apart else self.whole


@dataclass(frozen=True)
class Bounds:
    """How far walks go: to ``limit`` matches, or to ``enough`` of them if many rows are left.

    Without an index of the matches, ``enough_unindexed`` will do where the ``reach`` ends. For a
    page, a walk ends where those before it have enough. What the walks found is counted on its own,
    beside parts with the same rows, unless no row is in several (``are_apart``). With ``is_first``,
    a part is read before the walks go on.
    """

    reach: Reach
    limit: int
    enough: int
    enough_unindexed: int
    are_apart: bool = True
    is_first: bool = False

    def enough_of(self, walk: Walk) -> int:
        return self.enough if walk.has_index else self.enough_unindexed


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
    def frequent(self) -> str:
        """The number of matches of a walk that has enough before its end; 0 if there is none."""
        if self.bounds.enough == self.bounds.limit:
            return "0"
        numbers = (
            f"WHEN {self._is_frequent(name)} THEN (SELECT COUNT(*) FROM walked_{name})"  # noqa: S608
            for name in self.walks
        )
        return f"CASE {' '.join(numbers)} ELSE 0 END" if self.walks else "0"

    def if_found(self, name: str) -> str:
        """Return the clause for the matches of a walk that has as many as asked, or all.

        Those of a frequent one are not counted: they may be among the rows of parts before it.
        """
        return f"WHERE {self._while_rare(name, self._is_full(name))}"

    def unless_near(self, part: Part) -> str:
        """Return the clause for the rows of a part that is read before its walks go on."""
        if not part.walks:
            return ""
        own = " AND ".join(map(self._has_all, self._names_of(part))) or "FALSE"
        return f"WHERE NOT ({own if self.bounds.are_apart else self.have_all})"

    def unless_found(self, part: Part) -> str:
        """Return the clause for the rows of a part, which its walks may have found."""
        names = self._names_of(part)
        if not names:
            return ""
        are_found = " AND ".join(map(self._is_enough, names))
        return f"WHERE {self._while_rare(names[-1], f'NOT ({are_found})')}"

    def _names_of(self, part: Part) -> list[str]:
        return [name for name, walk in self.walks.items() if walk in part.walks]

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
        is_end = f"(SELECT COUNT(*) FROM until_{name}) = 0"  # noqa: S608
        return f"({is_near} OR {is_end})"

    def _while_rare(self, name: str, condition: str) -> str:
        """Return the condition, unless a walk before this one has found enough."""
        names = list(self.walks)
        are_frequent = self._any_frequent(names[: names.index(name)])
        return f"CASE WHEN {are_frequent} THEN FALSE ELSE {condition} END"

    def _any_frequent(self, names: Iterable[str]) -> str:
        if self.bounds.enough == self.bounds.limit:
            return "FALSE"
        return " OR ".join(map(self._is_frequent, names)) or "FALSE"

    def _is_frequent(self, name: str) -> str:
        """Return the condition that a walk has enough matches, and rows are left."""
        enough = self.bounds.enough_of(self.walks[name])
        return (
            f"CASE WHEN (SELECT COUNT(*) FROM walked_{name}) >= {enough} "  # noqa: S608
            f"THEN (SELECT COUNT(*) FROM until_{name}) = 1 ELSE FALSE END"
        )


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

    It has the matches among NEAR rows. If they are often enough, but too few, or if these were
    nearly all rows, it has those among the further rows, too.
    """
    near, limit, enough = walk.near, bounds.limit, bounds.enough
    _least, most = bounds.reach.of(walk)
    at, ordered, end = reading.at, reading.ordered, reading.end
    beyond, reaches = ("<", ">=") if reading.is_descending else (">", "<=")
    last_near, last = f"(SELECT at FROM near_until_{name})", f"(SELECT at FROM until_{name})"  # noqa: S608
    is_near: Sql = f" AND {at} {reaches} COALESCE({last_near}, %s)", (end,)
    is_beyond: Sql = f" AND {at} {beyond} {last_near}", ()
    is_further: Sql = f"{is_beyond[0]} AND {at} {reaches} COALESCE({last}, %s)", (end,)
    number = f"(SELECT COUNT(*) FROM near_{name})"  # noqa: S608
    # If the further rows have as many matches, half of these are enough.
    expected = f"2 * {enough} * {near} / GREATEST({number}, 1)"
    most_read = f"CASE WHEN {_is_often(name)} THEN LEAST({expected}, {most}) ELSE {LEFT} END"
    left = f"GREATEST({most_read} - {near}, 1)"
    # PostgreSQL plans for the constant limit, and stops at the other.
    further_rows = f"CASE WHEN {last} IS NULL THEN {limit} ELSE {enough} END - {number}"
    is_read = (
        f"CASE WHEN {number} >= {limit} THEN FALSE ELSE {_is_often(name)} OR {last} IS NULL END"
    )
    rest = f"LIMIT CASE WHEN {is_read} THEN GREATEST({further_rows}, 0) ELSE 0 END"

    def named(name: str, read: Sql) -> Sql:
        sql, given = read
        return f"{name} AS MATERIALIZED ({sql})", given

    def first(body: Sql, among: Sql) -> Sql:
        if walk.is_by_week:
            sql, given = reading.by_week(body, last_idle_week(), limit, among)
            return f"{sql} {reading.first(limit)}", given
        sql, given = reading.rows(reading.columns, body, among)
        return f"{sql} {ordered} LIMIT {limit}", given

    def at_number(number: object, among: Sql = ("", ())) -> Sql:
        end = f"LIMIT 1 OFFSET {number} - 1"
        if walk.is_by_week:
            sql, given = reading.by_week(along, last_idle_week(), number, among)
            return f"SELECT at FROM ({sql}) AS found {reading.ordered_found} {end}", given  # noqa: S608
        sql, given = reading.rows(f"{at} AS at", along, among)
        return f"{sql} {ordered} {end}", given

    further, given = first(body, is_further)
    both = f"SELECT * FROM near_{name} UNION ALL SELECT * FROM further_{name}"  # noqa: S608
    return [
        named(f"near_until_{name}", at_number(near)),
        named(f"near_{name}", first(body, is_near)),
        _often(name, walk, body, along, bounds, reading),
        named(f"until_{name}", at_number(left, is_beyond)),
        named(f"further_{name}", (f"SELECT * FROM ({further}) AS part {rest}", given)),  # noqa: S608
        (f"walked_{name} AS MATERIALIZED ({both})", ()),
    ]


def _often(name: str, walk: Walk, body: Sql, along: Sql, bounds: Bounds, reading: Reading) -> Sql:
    """Return the query ``often_`` with this name: whether matches are often enough to walk on."""
    often, _most = bounds.reach.of(walk)
    is_near_often = f"(SELECT COUNT(*) FROM near_{name}) >= {often}"  # noqa: S608
    if walk.is_by_week:
        # A burst of sign-ins is in one week of many.
        return f"often_{name} AS MATERIALIZED (SELECT {is_near_often} AS is_so)", ()
    at, ordered = reading.at, reading.ordered
    beyond, reaches, back = ("<", ">=", "-") if reading.is_descending else (">", "<=", "+")
    start = f" AND {at} {beyond} (SELECT at FROM near_until_{name}) {back} burst.length"  # noqa: S608
    # Rows that are not asked for tell as much.
    reading = replace(reading, cut=("", ()))
    rows, given = reading.rows(f"{at} AS at", along, (start, ()))
    matches, more = reading.rows("1", body, (f"{start} AND {at} {reaches} sample.at", ()))
    is_often = f"SUM(matching.number) * {walk.near} >= COUNT(*) * {2 * often * SAMPLE}"
    sql = (
        f"SELECT CASE WHEN {is_near_often} THEN TRUE ELSE "  # noqa: S608
        f"(SELECT COALESCE({is_often}, FALSE) "
        f"FROM unnest('{BEFORE_A_BURST}'::interval[]) AS burst (length), "
        f"LATERAL ({rows} {ordered} LIMIT 1 OFFSET {SAMPLE - 1}) AS sample, "
        f"LATERAL (SELECT COUNT(*) AS number FROM ({matches} {ordered} LIMIT {SAMPLE}) AS found) "
        "AS matching) END AS is_so"
    )
    return f"often_{name} AS MATERIALIZED ({sql})", (*given, *more)


def _is_often(name: str) -> str:
    return f"(SELECT is_so FROM often_{name})"  # noqa: S608
