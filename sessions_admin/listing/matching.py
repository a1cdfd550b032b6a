"""What the search and the filters of a form find, in the parts that the database reads best."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, reduce
from operator import and_, or_
from typing import Any, NamedTuple

from django import forms
from django.db.models import Q
from django.db.models.lookups import Exact, In

from sessions_admin import conf, flags, search
from sessions_admin.listing import trigrams
from sessions_admin.listing.parts import Few, Part, Walk, row_by_row
from sessions_admin.lookups import AmongByIndex, AmongWhenRead, Keys, Shared
from sessions_admin.models import TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import Filters, TrackedSessionQuerySet
from sessions_admin.search_conditions import AsIndexed, OneOfEach, TextIndex

# PostgreSQL looks into the index of the texts once for each account.
ACCOUNTS_BY_INDEX = 5
# How many scans of that index may answer a search. In ended rows, a word may be in the name of an
# account or in another text, so these are three words; what they find is checked for the others.
COMBINATIONS = 8


class Flagged(NamedTuple):
    """Rows with a flag, the condition on all rows in its index, and whether that is by week."""

    rows: TrackedSessionQuerySet
    along: Q
    is_by_week: bool = False


class Matching(forms.Form):
    """A form whose search and filters find the active sessions in a scope."""

    scope: Scope

    @property
    def filters(self) -> Filters:
        """The filters as requested, including values that match nothing."""
        raise NotImplementedError

    def narrowed(self, sessions: TrackedSessionQuerySet) -> TrackedSessionQuerySet:
        """Return the matching sessions.

        A wrong value matches none: if it were ignored, an action could end too many sessions.
        """
        return self.flagged(self.narrowed_but_for_flags(sessions))

    def narrowed_but_for_flags(self, sessions: TrackedSessionQuerySet) -> TrackedSessionQuerySet:
        """Return the sessions that match everything but the chosen flags, to count each flag."""
        if self.errors:
            return sessions.none()
        return self._filtered(sessions).fitting(word.condition for word in self._words)

    def parts(self) -> list[Part]:
        """Return the matching active sessions in parts: those of people that a word finds, others.

        With several flags, each has a part.
        """
        return self._parts(self.filters.flag)

    def parts_but_for_flags(self) -> list[Part]:
        return self._parts(())

    @cached_property
    def checked(self) -> Part:
        """The sessions that match everything but the flags, to be checked one by one."""
        active = self.scope.active()
        if self.errors or not self._is_walked:
            return Part(self.narrowed_but_for_flags(active))
        return self._checked(active)

    def _checked(self, rows: TrackedSessionQuerySet) -> Part:
        conditions = (row_by_row(word.when_read) for word in self._words)
        return self._part(self._filtered(rows).filter(*conditions))

    def _parts(self, flag: Collection[str]) -> list[Part]:
        if self.errors:
            return [Part(TrackedSession.objects.none())]
        if not self._is_walked:
            return [self._of_flag(each) for each in self._by_flag(self.checked.rows, flag)]
        parts: list[Part] = []
        for found in self._by_flag(self.scope.active(), flag):
            rows = found.rows
            walk = self._walk(found, TrackedSession.objects.open())
            parts += [*self._of_people(rows, walk), *self._with_text(found, walk)]
        return parts

    def _of_flag(self, found: Flagged) -> Part:
        # One person's sessions are few.
        is_by_week = found.is_by_week and not self.filters.user
        return replace(self._part(found.rows), is_by_week=is_by_week)

    def _of_people(self, rows: TrackedSessionQuerySet, walk: Walk) -> list[Part]:
        """Return the part of the matching ones of the people that a word of the search finds."""
        if self._people is None:
            return []
        word, keys = self._people
        found = self._filtered(rows).filter(AmongByIndex("user_id", keys))
        conditions = [each.when_read for each in self._words if each is not word]
        part = self._part(found.filter(*map(row_by_row, conditions)), walk, has_index=True)
        asked = self.filters
        return [replace(part, is_ready=not (asked.application or asked.country or asked.flag))]

    def _with_text(
        self,
        flagged: Flagged,
        *walks: Walk,
        are_over: bool = False,
    ) -> list[Part]:
        """Return the part of the matching ones that ``_of_people`` has not.

        ``are_over`` says that all rows have ended.
        """
        words, found = self._words, self._filtered(flagged.rows)
        others = [word.others_when_read for word in words]
        others_by_index = [word.others_by_index if word.has_index else None for word in words]
        if self._people:
            people, keys = self._people
            found = found.filter(~Q(AmongWhenRead("user_id", keys)))
            if len(keys) == len(people.keys) and not people.are_many:
                number = words.index(people)
                others[number] = people.of_person
                others_by_index[number] = Q() if people.has_index_of_texts else None
        conditions = [word.own | other for word, other in zip(words, others, strict=True)]
        if not self._is_walked:
            return [self._of_flag(flagged._replace(rows=found.fitting(conditions)))]
        pairs = zip(words, others_by_index, strict=True)
        indexed = [(word, other) for word, other in pairs if other is not None]
        if not indexed:
            return [self._part(found.fitting(conditions), *walks)]
        # PostgreSQL takes long to plan with conditions inside others, so those on a row are checked
        # on what the indexes find.
        is_exact = len(words) == 1 and words[0].is_exact
        rows = found if is_exact else found.filter(*map(row_by_row, conditions))
        within = self._within if len(self._within) <= ACCOUNTS_BY_INDEX else []
        index = TextIndex(is_of_ended=are_over, names_of=within)
        rows = rows.filter(_by_index(index, indexed, self._along()), Few())
        return [self._part(rows.by_index(index), *walks, has_index=True)]

    def _walk(self, found: Flagged, among: TrackedSessionQuerySet) -> Walk:
        """Return the walk for the matching ones of these rows, along the index that has them."""
        columns = {name: value for name, value in self._along().items() if value}
        return Walk(
            self._checked(found.rows),
            Part(among.filter(found.along, **columns)),
            is_apart=bool(columns or found.along),
            has_index=self._is_indexed,
            is_by_week=found.is_by_week,
        )

    @cached_property
    def _is_indexed(self) -> bool:
        """Whether indexes find the rows of each word: those of its people, and the others."""
        word, keys = self._people or (None, ())
        return all(
            (each.has_index_of_texts and len(keys) == len(each.keys))
            if each is word
            else each.has_index
            for each in self._words
        )

    def _part(self, rows: TrackedSessionQuerySet, *walks: Walk, has_index: bool = False) -> Part:
        return Part(rows, walks, has_index, shared=self._shared)

    @cached_property
    def _shared(self) -> Shared:
        return Shared()

    def _along(self) -> dict[str, str]:
        """Return the columns that the indexes in the order of the list have, and what is asked."""
        asked, accounts = self.filters, self._within
        return {
            "account_id": accounts[0] if len(accounts) == 1 else "",
            "country_code": asked.country,
            "application": asked.application,
        }

    @cached_property
    def _within(self) -> list[str]:
        """The accounts of all rows that can match; none if they may be in any."""
        if conf.current().members_of_accounts:
            return []
        if asked := self.filters.account:
            return [asked]
        # Sessions of admins who are signed in elsewhere are not in the account.
        are_inside = self.accounts_named is None
        return [each.id for each in self.scope.accounts] if are_inside else []

    @cached_property
    def _people(self) -> tuple[search.Word, Keys] | None:
        """The word of the search that finds the fewest people by key, with their keys.

        The sessions of thousands are not read to find those that fit another word and a filter,
        which an index has together.
        """
        asked, words = self.filters, self._words
        is_filtered = any((asked.application, asked.country, asked.flag))
        has_other = is_filtered and any(word.has_index for word in words)
        most = search.PEOPLE_BY_KEY if has_other else search.most_people_known()
        found = [
            word for word in words if word.keys and not word.are_many and len(word.keys) <= most
        ]
        word = min(found, key=lambda word: len(word.keys), default=None)
        return (word, word.keys) if word else None

    @property
    def is_in_parts(self) -> bool:
        """Whether ``parts`` may be several."""
        flag = self.filters.flag
        return self._is_walked or len(flag) > 1 or not flags.BY_WEEK.isdisjoint(flag)

    @property
    def _is_walked(self) -> bool:
        """Whether the search looks through the newest rows before it asks the index of the texts.

        The sessions of one person are few.
        """
        is_asked = bool(self._words) and not self.filters.user
        return is_asked and trigrams.has_search(TrackedSession.objects.db)

    def _by_flag(
        self, rows: TrackedSessionQuerySet, flag: Collection[str], *, are_over: bool = False
    ) -> list[Flagged]:
        """Return these rows; of several flags, those that have each, which are in its index.

        With a flag that does not exist, there are none.
        """
        none = Flagged(rows.none(), Q(pk__in=[]))
        if not set(flag) <= set(flags.BY_ID):
            return [none]
        found, others = [], Q()
        for each in flag:
            is_by_week = each in flags.BY_WEEK
            has, along = rows.has_flag(each), flags.BY_ID[each].condition()
            if is_by_week:
                along = Q(last_seen_week__lte=flags.last_idle_week())
            is_none = are_over and each in flags.ONLY_OPEN
            found.append(none if is_none else Flagged(rows.filter(has, others), along, is_by_week))
            others &= ~has
        return found or [Flagged(rows, Q())]

    def _filtered(self, sessions: TrackedSessionQuerySet) -> TrackedSessionQuerySet:
        """Return the sessions that match everything but the chosen flags and the search."""
        return sessions.matching(replace(self.filters, flag=(), q=""))

    @cached_property
    def _words(self) -> list[search.Word]:
        """What the words of the search find, which may cost a statement."""
        asked, named = self.filters, self.accounts_named
        return search.words_found(asked.q, accounts_named=named, of_one_person=bool(asked.user))

    @property
    def accounts_named(self) -> list[str] | None:
        """The ids of the accounts whose names the search may find; ``None`` for all in scope."""
        return self.scope.accounts_named

    def flagged(self, sessions: TrackedSessionQuerySet) -> TrackedSessionQuerySet:
        """Return the sessions with any of the chosen flags; all of them if none is chosen."""
        return sessions.flagged(self.filters.flag)


def _by_index(
    index: TextIndex, words: Sequence[tuple[search.Word, Q]], along: Mapping[str, str]
) -> Q:
    """Return the condition on the rows that indexes find for these words, and for their people.

    It is true for all rows in the accounts of the index (in any if it names none), and with these
    values in the columns ``along``, that fit, and for few others.
    """

    def choices_of(word: search.Word) -> Sequence[Any]:
        return word.in_ended if index.is_of_ended else word.in_open

    alone = [word for word, people in words if not people]
    conditions = [
        reduce(or_, map(Q, choices_of(word))) | people for word, people in words if people
    ]
    along = {column: value for column, value in along.items() if value}
    choices: list[Sequence[Any]] = [[Exact(AsIndexed(name), along[name])] for name in along]
    if index.names_of and "account_id" not in along:
        choices.append([In(AsIndexed("account_id"), index.names_of)])
    number = 1
    # Longer words are in fewer rows. The more there are, the longer PostgreSQL takes to plan.
    for word in sorted(alone, key=lambda word: (len(choices_of(word)), -word.length)):
        number *= len(choices_of(word))
        if number <= COMBINATIONS:
            choices.append(choices_of(word))
    applications = sorted({each for word, _people in words for each in word.applications})
    found = reduce(and_, conditions, Q(OneOfEach(*choices)) if choices else Q())
    return found | search.is_in(applications)
