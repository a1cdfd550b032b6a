"""The search and the filters of the list, as given in its URL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.text import get_text_list
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_admin import conf, flags, resolvers, search
from sessions_admin.client import printable
from sessions_admin.listing import sorting, suggestions, trigrams
from sessions_admin.listing.pagination import Order
from sessions_admin.listing.parts import Part, row_by_row
from sessions_admin.listing.suggestions import Suggestion
from sessions_admin.lookups import AmongByIndex, AmongWhenRead, Keys
from sessions_admin.models import TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import SEARCH_WORDS, Filters, TrackedSessionQuerySet

SEARCH_LENGTH = 200
# With a prefix, as every id of ours: the project's frame may have a form with a field `q`, too.
AUTO_ID = "sa-id_%s"
# The text fields, and the filter that each sets if exactly one suggestion matches.
TYPED = {"account_name": "account", "person": "user", "country_name": "country"}


def _text_field(label: Any, kind: str = "text", everything: Any = "") -> forms.CharField:
    attrs = {"type": kind, "maxlength": SEARCH_LENGTH, "autocomplete": "off"}
    if everything:
        attrs["placeholder"] = everything
    return forms.CharField(label=label, required=False, widget=forms.TextInput(attrs=attrs))


class _Flags(forms.MultipleChoiceField):
    """The chosen flags; an empty value in the URL chooses none."""

    def to_python(self, value: Any) -> list[str]:
        return [each for each in super().to_python(value) if each]


class _Sort(forms.ChoiceField):
    """The order, which has no effect on what matches: an unknown one is no error."""

    def validate(self, value: Any) -> None:
        pass


class FilterForm(forms.Form):
    """Search, filters and order. An unknown value matches no session and produces a notice.

    People, countries, and accounts if there are many, have text fields: ``person``,
    ``country_name`` and ``account_name`` hold the text, and ``suggestions`` the matches if there
    is not exactly one. Of several flags, a session needs any one. An unknown order is the usual
    one.
    """

    # Whether ended sessions can be found, too.
    records = False

    q = _text_field(_("Search"), "search")
    account = forms.ChoiceField(label=_("Account"), required=False)
    account_name = _text_field(_("Account"), everything=_("All accounts"))
    user = forms.CharField(label=_("User"), required=False, widget=forms.HiddenInput)
    person = _text_field(_("User"), everything=_("All users"))
    application = forms.ChoiceField(label=_("Application"), required=False)
    flag = _Flags(
        label=_("Flags"),
        required=False,
        choices=[(flag.id, flag.label) for flag in flags.FLAGS],
        widget=forms.CheckboxSelectMultiple,
    )
    country = forms.CharField(label=_("Country"), required=False, widget=forms.HiddenInput)
    country_name = _text_field(_("Country"), everything=_("All countries"))
    sort = _Sort(label=_("Sort by"), required=False, choices=sorting.CHOICES)

    def __init__(self, data: QueryDict, *, scope: Scope) -> None:
        super().__init__(data, auto_id=AUTO_ID)
        self.flags_asked = data.getlist("flag")
        self.scope = scope
        self.suggestions: dict[str, list[Suggestion]] = {}
        self.chosen: dict[str, Suggestion] = {}
        self.is_account_typed = False
        self._offer_choices()
        self.is_valid()

    def clean_q(self) -> str:
        q: str = self.cleaned_data["q"]
        if len(q) > SEARCH_LENGTH or len(q.split()) > SEARCH_WORDS:
            raise forms.ValidationError("too much")
        return q

    def clean_account(self) -> str:
        value: str = self.cleaned_data["account"]
        if self.is_account_typed:
            return self._key("account", suggestions.account)
        if value:
            field: Any = self.fields["account"]
            self.chosen["account"] = Suggestion(value, dict(field.choices)[value])
        return value

    def clean_user(self) -> str:
        return self._key("user", suggestions.person)

    def clean_account_name(self) -> str:
        return self._text("account_name", suggestions.accounts)

    def clean_person(self) -> str:
        return self._text("person", suggestions.people)

    def clean_country(self) -> str:
        return self._key("country", suggestions.country)

    def clean_country_name(self) -> str:
        return self._text("country_name", suggestions.countries)

    @property
    def filters(self) -> Filters:
        """The filters as requested, including values that match nothing."""
        data: Any = self.data
        names = ("q", "account", "user", "application", "country")
        asked: dict[str, Any] = {n: printable(self.data.get(n, ""), SEARCH_LENGTH) for n in names}
        flag = dict.fromkeys(printable(each, SEARCH_LENGTH) for each in data.getlist("flag"))
        asked["flag"] = tuple(each for each in flag if each)
        return Filters(**asked | {name: chosen.value for name, chosen in self.chosen.items()})

    @property
    def order(self) -> Order | None:
        """The order as requested; ``None`` if there is no such order."""
        return sorting.ORDERS.get(self.data.get("sort", ""))

    @property
    def is_narrowing(self) -> bool:
        return bool(self.filters) or bool(self.errors)

    @property
    def typed(self) -> dict[str, str]:
        """The filters set by the text fields, if every text has exactly one match."""
        names = [name for name in TYPED if self.data.get(name, "").strip()]
        return {} if self.errors else {TYPED[n]: self.chosen[TYPED[n]].value for n in names}

    @property
    def notices(self) -> list[str]:
        """A sentence for each value without a match, or with several."""
        sentences = self._sentences()
        several = {
            "account_name": gettext("Several accounts match “%(text)s”. Pick one from the list."),
            "person": gettext("Several people match “%(text)s”. Pick one from the list."),
            "country_name": gettext("Several countries match “%(text)s”. Pick one from the list."),
        }
        return [
            (several if name in self.suggestions else sentences)[name]
            % {"text": printable(self.data.get(name, ""), SEARCH_LENGTH)}
            for name in self.errors
        ]

    def _sentences(self) -> dict[str, str]:
        """Return what to say of a wrong value of each field."""
        return {
            "q": gettext("Search is limited to 8 words and 200 characters."),
            "account": gettext("You don't administer that account."),
            "account_name": gettext("No account with active sessions matches “%(text)s”."),
            "user": gettext("This user has no active sessions."),
            "person": gettext("No signed-in user matches “%(text)s”."),
            "application": gettext("That application doesn't exist, so no sessions match."),
            "flag": gettext("That flag doesn't exist, so no sessions match."),
            "country": gettext("That country doesn't exist, so no sessions match."),
            "country_name": gettext("No country matches “%(text)s”."),
        }

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

    def checked(self) -> TrackedSessionQuerySet:
        """Return the sessions that match everything but the chosen flags, to be checked one by one."""
        if self.errors or not self._is_walked:
            return self.narrowed_but_for_flags(self.scope.active())
        found = self._filtered(self.scope.active())
        return found.filter(*(row_by_row(word.condition) for word in self._words))

    def _parts(self, flag: Collection[str]) -> list[Part]:
        active = self.scope.active()
        if self.errors:
            return [Part(active.none())]
        if not self._is_walked:
            return self._flagged_parts(self.narrowed_but_for_flags(active), flag)
        open_rows = TrackedSession.objects.open()
        return [
            *self._of_people(active, flag, among=open_rows),
            *self._with_text(active, flag, among=open_rows),
        ]

    def _of_people(
        self,
        rows: TrackedSessionQuerySet,
        flag: Collection[str],
        *,
        among: TrackedSessionQuerySet | None,
    ) -> list[Part]:
        """Return the part of the matching ones of the people that a word of the search finds.

        They are looked for ``among`` these rows first, unless their index has all that is needed.
        """
        if self._people is None:
            return []
        word, keys = self._people
        found = self._filtered(rows).flagged(flag)
        conditions = [each.condition for each in self._words if each is not word]
        theirs = found.filter(AmongByIndex("user_id", keys)).fitting(conditions)
        if among is None:
            return [Part(theirs.order_by())]
        if len(keys) <= search.SOME_PEOPLE:
            return [Part(theirs, has_index=True)]
        checked = found.filter(AmongWhenRead("user_id", keys))
        return [replace(self._walked(checked, conditions, among, has_index=True), rows=theirs)]

    def _with_text(
        self, rows: TrackedSessionQuerySet, flag: Collection[str], *, among: TrackedSessionQuerySet
    ) -> list[Part]:
        """Return the parts, one for each flag, of the matching ones that ``_of_people`` has not."""
        found, conditions = self._filtered(rows), [word.condition for word in self._words]
        has_index = any(word.has_index for word in self._words)
        if self._people:
            people, keys = self._people
            found = found.filter(Q(user=None) | ~Q(AmongWhenRead("user_id", keys)))
            are_all = len(keys) == len(people.keys) and not people.are_many
            if are_all:
                conditions = [
                    word.by_text if word is people else word.condition for word in self._words
                ]
                has_index = has_index or people.has_index_of_texts
        if flag or not self._is_walked:
            return self._flagged_parts(found.fitting(conditions), flag)
        return [self._walked(found, conditions, among, has_index=has_index)]

    def _walked(
        self,
        rows: TrackedSessionQuerySet,
        conditions: Sequence[Q],
        among: TrackedSessionQuerySet,
        *,
        has_index: bool,
    ) -> Part:
        # One by one: those on the row itself come before its user is read for others.
        checked = rows.filter(*map(row_by_row, conditions))
        along = next((among.filter(**{n: v}) for n, v in self._along().items() if v), among)
        return Part(rows.fitting(conditions), checked, along, has_index)

    def _along(self) -> dict[str, str]:
        """Return the columns with an index in the order of the list, and what is asked of each."""
        asked, accounts = self.filters, self.scope.accounts
        account = asked.account or (accounts[0].id if len(accounts) == 1 else "")
        # The sessions of members need not be in the account.
        account = "" if conf.current().members_of_accounts else account
        return {
            "account_id": account,
            "country_code": asked.country,
            "application": asked.application,
        }

    @cached_property
    def _people(self) -> tuple[search.Word, Keys] | None:
        """The word of the search that finds the fewest people by key, with their keys."""
        found = [word for word in self._words if word.keys and not word.are_many]
        word = min(found, key=lambda word: len(word.keys), default=None)
        return (word, word.keys) if word else None

    @property
    def is_in_parts(self) -> bool:
        """Whether ``parts`` may be several."""
        return self._is_walked or len(self.filters.flag) > 1

    @property
    def _is_walked(self) -> bool:
        """Whether the search looks through the newest rows before it asks the index of the texts.

        The sessions of one person are few.
        """
        is_asked = bool(self._words) and not self.filters.user
        return is_asked and trigrams.has_search(TrackedSession.objects.db)

    @cached_property
    def _word_by_key(self) -> search.Word | None:
        """The word of the search that finds the fewest people by key."""
        found = [word for word in self._words if word.keys and not word.are_many]
        return min(found, key=lambda word: len(word.keys), default=None)

    def _flagged_parts(self, rows: TrackedSessionQuerySet, flag: Collection[str]) -> list[Part]:
        """Return a part for each of these flags, which has an index of its own."""
        if not set(flag) <= set(flags.BY_ID):
            return [Part(rows.none())]
        conditions = [rows.has_flag(each) for each in flag]
        return [
            Part(rows.filter(has, *(~other for other in conditions[:number])))
            for number, has in enumerate(conditions)
        ] or [Part(rows)]

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

    def lines(self) -> list[tuple[str, str]]:
        """Return the active filters in words, as pairs of label and value."""
        return [(label, value) for _name, label, value in self.in_words()]

    def in_words(self) -> list[tuple[str, str, str]]:
        """Return the active filters, each as its name, its label and its value in words."""
        asked = self.filters
        found = [("q", gettext("Search"), asked.q)] if asked.q else []
        for name in ("account", "user", "application", "country"):
            if value := getattr(asked, name):
                field: Any = self.fields[name]
                chosen = self.chosen.get(name)
                named = chosen.label if chosen else dict(getattr(field, "choices", ())).get(value)
                found.append((name, str(field.label), named or value))
        if asked.flag:
            names = [str(flags.BY_ID[f].label) if f in flags.BY_ID else f for f in asked.flag]
            found.append(("flag", gettext("Flag"), get_text_list(names, gettext("or"))))
        return found

    def _offer_choices(self) -> None:
        """Fill the selects of this request."""
        self._offer_accounts()
        self._offer("application", _("All applications"), self._applications())

    def _offer_accounts(self) -> None:
        """Make the account filter a select for few accounts, or a text field for many."""
        found = suggestions.accounts(self.scope, limit=suggestions.LISTED + 1, records=self.records)
        self.is_account_typed = len(found) > suggestions.LISTED
        if self.is_account_typed:
            self.fields["account"] = forms.CharField(
                label=_("Account"), required=False, widget=forms.HiddenInput
            )
        else:
            self._offer("account", _("All accounts"), found)

    def _applications(self) -> list[Suggestion]:
        """The applications in the settings, and a former one in the URL that a session is in."""
        known = [Suggestion(a.id, a.name) for a in resolvers.applications()]
        asked = self.data.get("application", "")
        if asked in {"", *(each.value for each in known)}:
            return known
        former = suggestions.former_application(self.scope, asked, records=self.records)
        return [*known, former] if former else known

    def _offer(self, name: str, everything: Any, offered: list[Suggestion]) -> None:
        field: Any = self.fields[name]
        field.choices = [("", everything), *((c.value, c.label) for c in offered)]
        asked = self.data.get(name, "")
        if asked and asked not in dict(field.choices):
            # The select shows the value in the URL, so that it can be seen and cleared.
            field.widget.choices = [*field.choices, (asked, printable(asked, 60))]

    def _key(self, name: str, find: Any) -> str:
        value: str = self.cleaned_data[name]
        if value and (chosen := find(self.scope, value, records=self.records)) is None:
            raise forms.ValidationError("unknown")
        if value:
            self.chosen[name] = chosen
        return value

    def _text(self, name: str, find: Any) -> str:
        """Validate a typed text, which replaces the filter that was set before."""
        text: str = self.cleaned_data[name]
        if not text:
            return text
        found = find(self.scope, text, limit=suggestions.SHOWN + 1, records=self.records)
        if chosen := suggestions.only(found, text):
            self.chosen[TYPED[name]] = chosen
            return text
        if found:
            self.suggestions[name] = found
        raise forms.ValidationError("not one alone")
