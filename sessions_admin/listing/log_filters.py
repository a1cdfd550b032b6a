"""The search and the filters of the termination log, as given in its URL.

A reader who may see only a part of an entry finds it only by what they see of it: not by the texts
and totals of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.lookups import Contains
from django.http import QueryDict
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from sessions_admin import people, search
from sessions_admin.client import printable
from sessions_admin.folding import Fold
from sessions_admin.json_lists import AnyIn
from sessions_admin.listing import dates, suggestions
from sessions_admin.listing.dates import Dates
from sessions_admin.listing.filters import AUTO_ID, SEARCH_LENGTH, may_be_searched
from sessions_admin.listing.suggestions import Suggestion
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import TrackedSessionQuerySet

NAMES = ("q", "admin", "account", "result", "reused", *dates.NAMES)
RESULTS = (
    ("", _("Any result")),
    ("complete", _("All terminated")),
    ("failed", _("Some could not be terminated")),
    ("nothing", _("Nothing to terminate")),
    ("running", _("In progress")),
)
REUSED = (
    ("", pgettext_lazy("reuse attempts", "Any")),
    ("yes", _("Reused")),
    ("new", _("Attempts to review")),
)
Terminations = QuerySet[Termination]


def _text_field(label: Any, kind: str = "text") -> forms.CharField:
    attrs = {"type": kind, "maxlength": SEARCH_LENGTH, "autocomplete": "off"}
    return forms.CharField(label=label, required=False, widget=forms.TextInput(attrs=attrs))


class LogForm(forms.Form):
    """The filters of the log. An unknown value matches nothing and produces a notice.

    ``account`` is the id of an account or, where there are many, a part of its name.
    """

    q = _text_field(_("Search"), "search")
    admin = _text_field(_("Admin"))
    account = _text_field(_("Account"))
    result = forms.ChoiceField(label=_("Result"), required=False, choices=RESULTS)
    reused = forms.ChoiceField(label=_("Reused elsewhere"), required=False, choices=REUSED)

    def __init__(self, data: QueryDict, *, scope: Scope, user: Any) -> None:
        super().__init__(data, auto_id=AUTO_ID)
        self.scope = scope
        self.user = user
        self.dates = Dates.read(data)
        self.account_chosen: Suggestion | None = None
        self._offer_accounts()
        self.is_valid()
        for name in ("result", "reused"):
            self._show_unknown(name)

    def clean_q(self) -> str:
        return _words_within_limits(self.cleaned_data["q"])

    def clean_admin(self) -> str:
        return _words_within_limits(self.cleaned_data["admin"])

    def clean_account(self) -> str:
        value: str = self.cleaned_data["account"]
        if value and (found := self._account(value)) is None:
            raise forms.ValidationError("unknown")
        if value:
            self.account_chosen = found
        return value

    @property
    def is_account_typed(self) -> bool:
        return not isinstance(self.fields["account"], forms.ChoiceField)

    @property
    def is_narrowing(self) -> bool:
        return bool(self.query())

    @property
    def notices(self) -> list[str]:
        """A sentence for each value that matches nothing."""
        too_much = gettext("Search is limited to 8 words and 200 characters.")
        account = (
            gettext("No account matches “%(text)s”, or several do.")
            if self.scope.everything
            else gettext("None of your accounts matches “%(text)s”, or several do.")
        )
        sentences = {
            "q": too_much,
            "admin": too_much,
            "account": account % {"text": printable(self.data.get("account", ""), SEARCH_LENGTH)},
            "result": gettext("That result doesn't exist, so no entries match."),
            "reused": gettext("That filter by reuse attempts doesn't exist, so no entries match."),
        }
        return [sentences[name] for name in self.errors] + self.dates.notices

    def within(self, scope: Scope) -> LogForm:
        """Return these filters in a reader's scope that may have changed since."""
        if scope == self.scope:
            return self
        data: Any = self.data
        return LogForm(data, scope=scope, user=self.user)

    def query(self, *, without: Iterable[str] = ()) -> QueryDict:
        """Return the parameters of these filters that are not empty."""
        query = QueryDict(mutable=True)
        for name in NAMES:
            # Longer than any that matches, and no longer than a link should be.
            value = self.data.get(name, "")[: SEARCH_LENGTH + 1]
            if value.strip() and name not in without:
                query[name] = value
        return query

    def in_words(self) -> list[tuple[str, str, str]]:
        """Return the filters in force, each as its name, its label and its value in words."""
        found = []
        for name, field in self.fields.items():
            value = printable(self.data.get(name, ""), SEARCH_LENGTH)
            if name == "account" and self.account_chosen:
                value = self.account_chosen.label
            elif isinstance(field, forms.ChoiceField):
                named = {str(key): str(label) for key, label in _choices(field)}
                value = named.get(value, value) if value else ""
            if value:
                found.append((name, str(field.label), value))
        return found + self.dates.in_words()

    def lines(self) -> list[tuple[str, str]]:
        """Return the filters in force in words, as pairs of label and value."""
        return [(label, value) for _name, label, value in self.in_words()]

    def facts(self) -> dict[str, str]:
        """Return the filters in force by name, to be kept and said in another language later.

        What the account is called now is kept, too.
        """
        asked = {n: printable(self.data.get(n, ""), SEARCH_LENGTH) for n in self.fields}
        if chosen := self.account_chosen:
            asked |= {"account": chosen.value, "account_name": chosen.label}
        return {name: value for name, value in asked.items() if value} | self.dates.facts()

    def narrowed(self, terminations: Terminations) -> Terminations:
        """Return the matching ones of the entries that the reader may see."""
        if self.errors:
            return terminations.none()
        found = self.dates.matching(terminations)
        for word in search.words_of(self.cleaned_data["q"]):
            found = found.filter(self._has(word))
        for word in search.words_of(self.cleaned_data["admin"]):
            found = found.filter(_contains("actor_label", word))
        if self.account_chosen:
            found = found.filter(self._concerns(self.account_chosen.value))
        if result := self.cleaned_data["result"]:
            found = found.filter(self._ended_as(result))
        if reused := self.cleaned_data["reused"]:
            tried = self.scope.inside().reused_elsewhere()
            tried = tried.filter(reuse_seen_at=None) if reused == "new" else tried
            found = found.filter(Exists(tried.filter(termination=OuterRef("pk"))))
        return found

    def _has(self, word: str) -> Q:
        """Match entries that show this word: as text, or in the name of a terminated person."""
        texts = _contains("scope", word) | _contains("reason", word)
        found = _contains("actor_label", word) | _of_person(word, self.scope.inside())
        # Of the whole entry, the reader sees the sessions of admins in other accounts, too.
        more = texts if self.scope.everything else texts | _of_person(word, self.scope.sessions())
        return found | (self.scope.whole(self.user) & more)

    def _concerns(self, account_id: str) -> Q:
        """Match entries with sessions of this account, or that could have had some."""
        ended = self.scope.inside().filter(termination=OuterRef("pk"), account_id=account_id)
        asked = Q(AnyIn([account_id], F("account_ids")))
        return Q(Exists(ended)) | (self.scope.whole(self.user) & asked)

    def _ended_as(self, result: str) -> Q:
        """Match entries by the result that the reader sees: of a part, all was terminated."""
        is_whole = self.scope.whole(self.user)
        is_over = Q(finished_at__isnull=False)
        results = {
            "complete": is_over & Q(failed=0, ended__gt=0),
            "failed": is_over & Q(failed__gt=0),
            "nothing": is_over & Q(failed=0, ended=0),
            "running": ~is_over,
        }
        found = is_whole & results[result]
        return found | ~is_whole if is_whole and result == "complete" else found

    def _offer_accounts(self) -> None:
        """Make the account filter a select for few accounts, or a text field for many."""
        found = suggestions.accounts(self.scope, limit=suggestions.LISTED + 1)
        if len(found) <= suggestions.LISTED:
            choices = [("", _("All accounts")), *((each.value, each.label) for each in found)]
            field = _AnyChoice(label=_("Account"), required=False, choices=choices)
            self.fields["account"] = field
            self._show_unknown("account")

    def _show_unknown(self, name: str) -> None:
        """Let the select show an unknown value of the URL, so that it can be seen and cleared."""
        field: Any = self.fields[name]
        asked = self.data.get(name, "")
        if asked and asked not in dict(_choices(field)):
            field.widget.choices = [*field.choices, (asked, printable(asked, 60))]

    def _account(self, value: str) -> Suggestion | None:
        if found := suggestions.account(self.scope, value):
            return found
        if self.is_account_typed:
            called = suggestions.accounts(self.scope, value, limit=suggestions.SHOWN + 1)
            if found := suggestions.only(called, value):
                return found
        return _former_account(value) if self.scope.everything else None


class _AnyChoice(forms.ChoiceField):
    """A select whose values the form looks up itself."""

    def validate(self, value: Any) -> None:
        pass


def _words_within_limits(text: str) -> str:
    if not may_be_searched(text):
        raise forms.ValidationError("too much")
    return printable(text, SEARCH_LENGTH)


def _choices(field: Any) -> list[tuple[Any, Any]]:
    return list(field.choices)


def _contains(column: str, word: str) -> Q:
    return Q(Contains(Fold(F(column)), Fold(Value(word))))


def _of_person(word: str, sessions: TrackedSessionQuerySet) -> Q:
    """Match entries with one of these sessions whose person this word matches.

    A few people are found by their keys, which have an index. A word that matches many is checked
    on the sessions of the newest entries.
    """
    labelled = people.label_condition(word) | Q(user=None) & _contains("user_label", word)
    called = people.called(word)
    keys = list(called.values_list("pk", flat=True)[: search.PEOPLE_BY_KEY + 1])
    if len(keys) > search.PEOPLE_BY_KEY:
        theirs = sessions.filter(labelled | people.condition_for(word, prefix="user__"))
        return Q(Exists(theirs.filter(termination=OuterRef("pk"))))
    theirs = sessions.filter(labelled | Q(user__in=keys), termination__isnull=False)
    return Q(pk__in=theirs.order_by().values("termination"))


def _former_account(account_id: str) -> Suggestion | None:
    """The account with this id, of which no session is open, if an entry has sessions of it."""
    if not suggestions.is_storable(account_id):
        return None
    ended = TrackedSession.objects.filter(account_id=account_id, termination__isnull=False)
    entry = Termination.objects.filter(Exists(ended.filter(termination=OuterRef("pk")))).first()
    if entry is None:
        return None
    name = ended.filter(termination=entry).values_list("account_name", flat=True).first()
    return Suggestion(account_id, name or account_id)
