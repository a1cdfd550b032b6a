"""The filters of the login records: those of the list, and status, sign-in method and dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from django import forms
from django.db import connections
from django.db.models.expressions import RawSQL
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_admin import search, sign_in_methods
from sessions_admin.client import printable
from sessions_admin.listing import counting, suggestions
from sessions_admin.listing.dates import Dates
from sessions_admin.listing.filters import SEARCH_LENGTH, FilterForm
from sessions_admin.listing.matching import Flagged
from sessions_admin.listing.parts import Part, Walk
from sessions_admin.listing.suggestions import Suggestion
from sessions_admin.lookups import AmongByIndex, AmongWhenRead, Keys
from sessions_admin.models import TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import Filters, TrackedSessionQuerySet
from sessions_admin.unions import sql_of

ACTIVE = "active"
STATUSES = ((ACTIVE, _("Active")), *TrackedSession.EndReason.choices)
# The filters that the list does not have, besides the dates.
MORE = ("status", "method")
# So many of the newest records of a person tell where they usually are.
COMPARED = 100


class RecordFilterForm(FilterForm):
    """Search and filters of the login records, which are always newest first.

    *Active* finds the sessions that are active now, and each end reason those recorded as ended
    so. *Expired* finds those, too, whose end the sweep has not recorded yet. ``dates`` is the range
    of dates in the URL.
    """

    records = True
    sort = None  # type: ignore[assignment]
    status = forms.ChoiceField(label=_("Status"), required=False)
    method = forms.ChoiceField(label=_("Sign-in method"), required=False)

    def __init__(self, data: QueryDict, *, scope: Scope) -> None:
        # The newest records of the chosen person (see ``suggestions.newest_records``).
        self.of_person: list[TrackedSession] = []
        super().__init__(data, scope=replace(scope, reads_records=True))

    def clean_user(self) -> str:
        return self._key("user", self._person)

    @property
    def dates(self) -> Dates:
        return Dates.read(self.data)

    @property
    def is_narrowing(self) -> bool:
        return super().is_narrowing or any(map(self.data.get, MORE)) or bool(self.dates)

    @property
    def notices(self) -> list[str]:
        return [*super().notices, *self.dates.notices]

    @property
    def status_asked(self) -> str:
        return str(self.data.get("status") or "")

    @property
    def accounts_named(self) -> list[str] | None:
        return self.scope.accounts_named_on_record

    def parts(self) -> list[Part]:
        """Return the matching records, in parts that have none in common and indexes of their own.

        They are those of open sessions, those that are over, and of a search the records of the
        people it finds, open or over. With several flags, each has a part. A part without an order
        may be counted in any. Parts in which nothing can match are left out. Whether open sessions
        have the requested status has to be asked of the store, too.
        """
        if self.errors:
            return [Part(TrackedSession.objects.none())]
        status, flag = self.cleaned_data["status"], self.filters.flag
        if status == ACTIVE:
            return super().parts()
        if status == TrackedSession.EndReason.EXPIRED:
            return [self._part(self._due()), *self._ended(status)]
        if status:
            return self._ended(status)
        people = [found.rows for found in self._by_flag(self.scope.on_record(), flag)]
        opened = self._by_flag(self.scope.open(), flag)
        over = self._by_flag(self.scope.over(), flag, are_over=True)
        parts: list[Part] = []
        for on_record, of_open, of_over in zip(people, opened, over, strict=True):
            walks_of_open = self._walks_of(of_open, TrackedSession.objects.open())
            walks_of_over = self._walks_of(of_over, TrackedSession.objects.over())
            kinds = (of_open, walks_of_open), (of_over, walks_of_over)
            parts += [
                *self._records_of_people(on_record, *kinds),
                *self._with_text(of_open, *walks_of_open),
                *self._with_text(of_over, *walks_of_over, are_over=True),
            ]
        return parts

    def in_words(self) -> list[tuple[str, str, str]]:
        found = super().in_words()
        for name, value in self._more.items():
            field: Any = self.fields[name]
            found.append((name, str(field.label), str(dict(field.choices).get(value, value))))
        return [*found, *self.dates.in_words()]

    def facts(self) -> dict[str, Any]:
        return super().facts() | self._more | self.dates.facts()

    @property
    def _more(self) -> dict[str, str]:
        asked = {name: printable(self.data.get(name, ""), SEARCH_LENGTH) for name in MORE}
        return {name: value for name, value in asked.items() if value}

    def _filtered(self, sessions: TrackedSessionQuerySet) -> TrackedSessionQuerySet:
        found = super()._filtered(sessions)
        if method := self.cleaned_data.get("method"):
            found = found.filter(sign_in_method=method)
        return self._dated(found)

    @cached_property
    def _people(self) -> tuple[search.Word, Keys] | None:
        """The word of the search that finds the fewest people, with the keys of all or of some.

        Beside other words, the rows of these people have to be read.
        """
        if self._is_by_filter:
            (only,) = self._words
            return (only, only.keys) if only.keys and not only.are_many else None
        are_read = len(self._words) > 1
        most = search.SOME_PEOPLE if are_read else search.PEOPLE_BY_KEY
        found = [
            word
            for word in self._words
            if word.some and len(word.some) <= most and not (are_read and word.are_more)
        ]
        word = min(found, key=lambda word: len(word.some), default=None)
        return (word, word.some) if word else None

    @property
    def _is_by_filter(self) -> bool:
        """Whether the rows of a word's people are read from the indexes of the filters.

        These have the user of each row, and are read up to the end of the page. The index of the
        people finds the rows of few of them sooner, but has no flags.
        """
        if len(self._words) != 1:
            return False
        asked, (only,) = self.filters, self._words
        others = asked.application, asked.country, *map(self.data.get, MORE)
        are_known = len(only.keys) > search.PEOPLE_BY_KEY and not only.are_many
        return bool(asked.flag) or (are_known and any(others))

    def _ended(self, status: str) -> list[Part]:
        """Return the parts of the matching records that ended so.

        ``people`` are open and ended ones, which only the index by users has together. For either
        alone, PostgreSQL may walk all of them by time instead.
        """
        on_record = self.scope.on_record().filter(end_reason=status)
        people = [found.rows for found in self._by_flag(on_record, self.filters.flag)]
        over = self.scope.over().filter(end_reason=status)
        of_flags = self._by_flag(over, self.filters.flag, are_over=True)
        parts: list[Part] = []
        for of_people, texts in zip(people, of_flags, strict=True):
            walks = self._walks_of(texts, TrackedSession.objects.over())
            parts += [
                *self._records_of_people(of_people, (texts, walks)),
                *self._with_text(texts, *walks, are_over=True),
            ]
        return parts

    def _walks_of(self, found: Flagged, among: TrackedSessionQuerySet) -> list[Walk]:
        """Return the walk for the matching ones of these rows, if the search has one."""
        if not self._is_walked:
            return []
        return [self._walk(found, self._dated(among))]

    def _records_of_people(
        self,
        on_record: TrackedSessionQuerySet,
        *kinds: tuple[Flagged, Sequence[Walk]],
    ) -> list[Part]:
        """Return the parts of the people that a word finds.

        Their index has all that is needed, for all rows ``on_record``, unless there are other
        filters, whose indexes have it for either of the ``kinds``.
        """
        if self._people is None:
            return []
        word, keys = self._people
        if self._is_by_filter:
            are_theirs = AmongWhenRead("user_id", keys)
            parts = [
                (found._replace(rows=self._filtered(found.rows).filter(are_theirs)), walks)
                for found, walks in kinds
            ]
            return [replace(self._of_flag(of), walks=walks, is_ready=True) for of, walks in parts]
        rows = self._filtered(on_record).filter(AmongByIndex("user_id", keys))
        conditions = [each.when_read for each in self._words if each is not word]
        walks = [walk for _found, walks in kinds for walk in walks]
        part = self._part(rows.fitting(conditions).order_by(), *walks)
        return [replace(part, is_ready=not conditions)]

    def _dated(self, rows: TrackedSessionQuerySet) -> TrackedSessionQuerySet:
        return self.dates.matching(rows)

    def _along(self) -> dict[str, str]:
        status = self.cleaned_data.get("status", "")
        ended = "" if status in ("", ACTIVE) else status
        found, method = super()._along(), self.cleaned_data.get("method", "")
        return {
            "account_id": found.pop("account_id"),
            "end_reason": ended,
            "sign_in_method": method,
            **found,
        }

    def _due(self) -> TrackedSessionQuerySet:
        """Return the open records whose time is up.

        No index has the expiry, which changes whenever a session is used. So where more sessions
        are open than are counted exactly, only the oldest ones are looked through.
        """
        asked = Filters(account=self.filters.account, user=self.filters.user)
        oldest = self.scope.open().matching(asked).order_by("created_at", "pk")[: counting.LISTED]
        sql, given = sql_of(oldest.values("id", "expires_at"), connections[oldest.db])
        due = f"SELECT oldest.id FROM ({sql}) AS oldest WHERE oldest.expires_at <= %s"  # noqa: S608
        keys = RawSQL(due, [*given, timezone.now()])  # noqa: S611
        # They are open, but to say so again would let PostgreSQL walk all open rows for them.
        return self.narrowed(self.scope.on_record()).filter(pk__in=keys)

    def _person(self, scope: Scope, value: str, *, records: bool) -> Suggestion | None:
        """Return the person with this key; their newest records are read in the same statement."""
        self.of_person = suggestions.newest_records(scope, value, COMPARED)
        return suggestions.person_of(self.of_person[0]) if self.of_person else None

    def _offer_choices(self) -> None:
        super()._offer_choices()
        self._offer("status", _("Any status"), _suggestions(STATUSES))
        known = _suggestions(sign_in_methods.WORDS.items())
        asked = self.data.get("method", "")
        if asked and asked not in sign_in_methods.WORDS:
            other = suggestions.in_use(self.scope, "sign_in_method", asked, records=True)
            known += [other] if other else []
        self._offer("method", _("Any method"), known)

    def _sentences(self) -> dict[str, str]:
        return super()._sentences() | {
            "application": gettext("That application doesn't exist, so no sign-ins match."),
            "flag": gettext("That flag doesn't exist, so no sign-ins match."),
            "country": gettext("That country doesn't exist, so no sign-ins match."),
            "ip": gettext("“%(text)s” is not an IP address or network, so no sign-ins match."),
            "account_name": gettext("No account on record matches “%(text)s”."),
            "user": gettext("This user has no sign-ins on record."),
            "person": gettext(
                "No user on record matches “%(text)s”. Search finds deleted users, too."
            ),
            "status": gettext("That status doesn't exist, so no sign-ins match."),
            "method": gettext("No sign-in on record used that method."),
        }


def _suggestions(choices: Any) -> list[Suggestion]:
    return [Suggestion(value, label) for value, label in choices]
