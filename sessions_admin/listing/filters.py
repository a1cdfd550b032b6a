"""The search and the filters of the list, as given in its URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from typing import Any

from django import forms
from django.db import connections
from django.http import QueryDict
from django.utils.text import get_text_list
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_admin import flags, resolvers
from sessions_admin.client import printable
from sessions_admin.listing import sorting, suggestions
from sessions_admin.listing.matching import Matching
from sessions_admin.listing.pagination import Order
from sessions_admin.listing.suggestions import Suggestion
from sessions_admin.models import TrackedSession
from sessions_admin.pipelines import sending
from sessions_admin.policy import Scope
from sessions_admin.querysets import SEARCH_WORDS, Filters
from sessions_admin.search_addresses import in_ascii, is_address_or_network

SEARCH_LENGTH = 200
# With a prefix, as every id of ours: the project's frame may have a form with a field `q`, too.
AUTO_ID = "sa-id_%s"
# The text fields, and the filter that each sets if exactly one suggestion matches. An address is a
# word of the search.
TYPED = {"account_name": "account", "person": "user", "country_name": "country", "ip": "q"}


class _Fixed:
    """A field that no form changes, so that the forms of all requests share it: copies are slow."""

    def __deepcopy__(self, _memo: Any) -> Any:
        return self


class _Text(_Fixed, forms.CharField):
    pass


def _text_field(label: Any, kind: str = "text", everything: Any = "") -> forms.CharField:
    attrs = {"type": kind, "maxlength": str(SEARCH_LENGTH), "autocomplete": "off"}
    if everything:
        attrs["placeholder"] = everything
    return _Text(label=label, required=False, widget=forms.TextInput(attrs=attrs))


class _Flags(_Fixed, forms.MultipleChoiceField):
    """The chosen flags; an empty value in the URL chooses none."""

    def to_python(self, value: Any) -> list[str]:
        return [each for each in super().to_python(value) if each]


class _Sort(_Fixed, forms.ChoiceField):
    """The order, which has no effect on what matches: an unknown one is no error."""

    def validate(self, value: Any) -> None:
        pass


class FilterForm(Matching):
    """Search, filters and order. An unknown value matches no session and produces a notice.

    People, countries, and accounts if there are many, have text fields: ``person``,
    ``country_name`` and ``account_name`` hold the text, and ``suggestions`` the matches if there
    is not exactly one. Of several flags, a session needs any one. An unknown order is the usual
    one.
    """

    # Whether ended sessions can be found, too.
    records = False
    # Waits for the accounts to offer, if they have been asked for.
    _accounts_sent: Callable[[], list[Suggestion]] | None = None

    q = _text_field(_("Search"), "search")
    account = forms.ChoiceField(label=_("Account"), required=False)
    account_name = _text_field(_("Account"), everything=_("All accounts"))
    user = _Text(label=_("User"), required=False, widget=forms.HiddenInput)
    person = _text_field(_("User"), everything=_("All users"))
    application = forms.ChoiceField(label=_("Application"), required=False)
    flag = _Flags(
        label=_("Flags"),
        required=False,
        choices=[(flag.id, flag.label) for flag in flags.FLAGS],
        widget=forms.CheckboxSelectMultiple,
    )
    country = _Text(label=_("Country"), required=False, widget=forms.HiddenInput)
    country_name = _text_field(_("Country"), everything=_("All countries"))
    ip = _Text(label=_("IP address"), required=False, widget=forms.HiddenInput)
    sort = _Sort(label=_("Sort by"), required=False, choices=sorting.CHOICES)

    def __init__(self, data: QueryDict, *, scope: Scope) -> None:
        super().__init__(data, auto_id=AUTO_ID)
        self.flags_asked = data.getlist("flag")
        self.scope = scope
        self.suggestions: dict[str, list[Suggestion]] = {}
        self.chosen: dict[str, Suggestion] = {}
        self._offer_choices()
        self.is_valid()

    def clean_q(self) -> str:
        q: str = self.cleaned_data["q"]
        if not may_be_searched(q):
            raise forms.ValidationError("too much")
        return q

    def clean_account(self) -> str:
        value: str = self.cleaned_data["account"]
        if not value:
            return value
        if self.is_account_typed:
            return self._key("account", lambda *_scope, **_how: self._account)
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
        return self._text("country_name", suggestions.any_countries)

    def clean_ip(self) -> str:
        text: str = self.cleaned_data["ip"]
        if not text:
            return text
        if not is_address_or_network(in_ascii(text)):
            raise forms.ValidationError("no address")
        q = f"{self.cleaned_data.get('q', '')} {text}".strip()
        self.chosen["q"] = Suggestion(q, text)
        return text

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
    def names(self) -> dict[str, str]:
        """What the chosen values are called, by filter.

        The account and the user have names if they have sessions on record, active or not.
        """
        names = {name: chosen.label for name, chosen in self.chosen.items()}
        find: dict[str, Any] = {"account": suggestions.account, "user": suggestions.person}
        for name in find.keys() & self.errors.keys():
            if found := find[name](self.scope, getattr(self.filters, name), records=True):
                names[name] = found.label
        return names

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
        if not self.errors:
            return []
        sentences = self._sentences()
        if self.scope.everything:
            sentences["account"] = sentences["account_name"]
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
            "ip": gettext("“%(text)s” is not an IP address or network, so no sessions match."),
        }

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

    def facts(self) -> dict[str, Any]:
        """Return the active filters by name, to be kept and said in another language later.

        What the account and the user are called now is kept, too.
        """
        found = {name: value for name, value in asdict(self.filters).items() if value}
        named = ("account", "user")
        names = {f"{n}_name": self.chosen[n].label for n in named if n in self.chosen}
        return found | names

    @contextmanager
    def looking_for_accounts(self) -> Iterator[None]:
        """Let the database look for the accounts to offer while the block runs.

        The filters are rendered in the block.
        """
        if "is_account_typed" in self.__dict__ or not self.scope.everything:
            yield
            return
        with sending(connections[TrackedSession.objects.db]) as send:
            self._accounts_sent = suggestions.asked_for_accounts(
                send, limit=suggestions.LISTED + 1, records=self.records
            )
            yield

    @cached_property
    def is_account_typed(self) -> bool:
        """Whether the account filter is a text field, for many accounts, or a select for few.

        Only the filters show the accounts, so without one in the URL they are not read before.
        """
        if len(self._accounts) > suggestions.LISTED:
            self.fields["account"] = forms.CharField(
                label=_("Account"), required=False, widget=forms.HiddenInput
            )
            return True
        self._offer("account", _("All accounts"), self._accounts)
        return False

    @cached_property
    def _accounts(self) -> list[Suggestion]:
        if self._accounts_sent:
            return self._accounts_sent()
        asked = str(self.data.get("account", "")).strip()
        found, self._account = suggestions.accounts_with(
            self.scope, asked, limit=suggestions.LISTED + 1, records=self.records
        )
        return found

    def _offer_choices(self) -> None:
        """Fill the selects of this request."""
        self._offer("application", _("All applications"), self._applications())
        if self.data.get("account"):
            _chosen = self.is_account_typed

    def _applications(self) -> list[Suggestion]:
        """The applications in the settings, and a former one in the URL that a session is in."""
        known = [Suggestion(a.id, a.name) for a in resolvers.applications()]
        asked = self.data.get("application", "")
        if asked in {"", *(each.value for each in known)}:
            return known
        former = suggestions.in_use(self.scope, "application", asked, records=self.records)
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


def may_be_searched(text: str) -> bool:
    """Whether a text is short enough for a search."""
    return len(text) <= SEARCH_LENGTH and len(text.split()) <= SEARCH_WORDS
