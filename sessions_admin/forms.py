"""The filters of the list, as they stand in its address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_admin import resolvers
from sessions_admin.client import printable
from sessions_admin.policy import Scope
from sessions_admin.querysets import SEARCH_WORDS, Filters, TrackedSessionQuerySet

SEARCH_LENGTH = 200

Choices = list[tuple[str, str]]


class FilterForm(forms.Form):
    """Search and filters. A value that names nothing in view matches no session, and says so."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "maxlength": SEARCH_LENGTH}),
    )
    account = forms.ChoiceField(label=_("Account"), required=False)
    user = forms.ChoiceField(label=_("User"), required=False)
    application = forms.ChoiceField(label=_("Application"), required=False)

    def __init__(self, data: QueryDict, *, scope: Scope) -> None:
        super().__init__(data)
        active = scope.sessions().active()
        self._offer("account", _("All accounts"), _accounts(scope, active))
        self._offer("user", _("All users"), _users(active))
        self._offer("application", _("All applications"), _applications())
        self.is_valid()

    def clean_q(self) -> str:
        q: str = self.cleaned_data["q"]
        if len(q) > SEARCH_LENGTH or len(q.split()) > SEARCH_WORDS:
            raise forms.ValidationError("too much")
        return q

    @property
    def filters(self) -> Filters:
        """What was asked for. Values that match nothing are in it, too."""
        names = ("q", "account", "user", "application")
        return Filters(**{n: printable(self.data.get(n, ""), SEARCH_LENGTH) for n in names})

    @property
    def is_narrowing(self) -> bool:
        return bool(self.filters) or bool(self.errors)

    @property
    def notices(self) -> list[str]:
        """A sentence for each value that names nothing in view."""
        sentences = {
            "q": gettext("Search for up to 8 words, of 200 characters in all."),
            "account": gettext("There is no such account among those you administer."),
            "user": gettext("There is no active session of such a user."),
            "application": gettext("There is no such application."),
        }
        return [sentences[name] for name in self.errors]

    def narrowed(self, sessions: TrackedSessionQuerySet) -> TrackedSessionQuerySet:
        """The sessions that fit. A wrong value fits none: ignoring it would end more than meant."""
        return sessions.none() if self.notices else sessions.matching(self.filters)

    def lines(self) -> list[tuple[str, str]]:
        """The filters in words: pairs of label and value."""
        asked = self.filters
        found = [(gettext("Search"), asked.q)] if asked.q else []
        for name in ("account", "user", "application"):
            if value := getattr(asked, name):
                field: Any = self.fields[name]
                found.append((str(field.label), dict(field.choices).get(value, value)))
        return found

    def _offer(self, name: str, everything: Any, choices: Choices) -> None:
        field: Any = self.fields[name]
        field.choices = [("", everything), *choices]
        asked = self.data.get(name, "")
        if asked and asked not in dict(choices):
            # The select shows what the address says, so that it can be seen and taken back.
            field.widget.choices = [*field.choices, (asked, printable(asked, 60))]


class PasswordForm(forms.Form):
    """Asks for the password of whoever is signed in."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


def _accounts(scope: Scope, active: TrackedSessionQuerySet) -> Choices:
    if not scope.everything:
        return [(account.id, account.name) for account in scope.accounts]
    names: Mapping[str, str] = dict(
        active.exclude(account_id="").order_by().values_list("account_id", "account_name")
    )
    return _by_name(names.items())


def _users(active: TrackedSessionQuerySet) -> Choices:
    model = get_user_model()
    people = model._default_manager.filter(pk__in=active.values("user"))
    return _by_name((str(person.pk), _person(person)) for person in people)


def _applications() -> Choices:
    return [(a.id, a.name) for a in resolvers.applications()]


def _person(person: Any) -> str:
    name = getattr(person, "get_full_name", str)()
    username = person.get_username()
    return f"{name} ({username})" if name and name != username else str(username)


def _by_name(pairs: Iterable[tuple[str, str]]) -> Choices:
    return sorted(pairs, key=lambda pair: pair[1].casefold())
