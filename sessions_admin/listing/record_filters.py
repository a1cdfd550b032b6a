"""The filters of the login records: those of the list, and status, sign-in method and dates."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_admin import flags, sign_in_methods
from sessions_admin.client import printable
from sessions_admin.listing import counting, suggestions
from sessions_admin.listing.dates import Dates
from sessions_admin.listing.filters import SEARCH_LENGTH, FilterForm
from sessions_admin.listing.suggestions import Suggestion
from sessions_admin.models import TrackedSession
from sessions_admin.querysets import Filters, TrackedSessionQuerySet

ACTIVE = "active"
STATUSES = ((ACTIVE, _("Active")), *TrackedSession.EndReason.choices)
# The filters that the list does not have, besides the dates.
MORE = ("status", "method")


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

    def parts(self) -> list[TrackedSessionQuerySet]:
        """Return the matching records: those of open sessions, and those that are over.

        A part in which nothing can match is left out. Whether open sessions have the requested
        status has to be asked of the store, too.
        """
        if self.status_asked == ACTIVE:
            return [self.narrowed(self.scope.active())]
        over = self._narrowed_over()
        if self.status_asked == TrackedSession.EndReason.EXPIRED:
            return [self._due(), *over]
        if self.status_asked:
            return over
        return [self.narrowed(self.scope.open()), *over]

    def narrowed_but_for_flags(self, sessions: TrackedSessionQuerySet) -> TrackedSessionQuerySet:
        found = super().narrowed_but_for_flags(sessions)
        if method := self.cleaned_data.get("method"):
            found = found.filter(sign_in_method=method)
        return self.dates.matching(found)

    def in_words(self) -> list[tuple[str, str, str]]:
        found = super().in_words()
        for name in MORE:
            if value := printable(self.data.get(name, ""), SEARCH_LENGTH):
                field: Any = self.fields[name]
                found.append((name, str(field.label), str(dict(field.choices).get(value, value))))
        return [*found, *self.dates.in_words()]

    def _due(self) -> TrackedSessionQuerySet:
        """Return the open records whose time is up.

        No index has the expiry, which changes whenever a session is used. So where more sessions
        are open than are counted exactly, only the oldest ones are looked through.
        """
        due = self.narrowed(self.scope.open()).filter(expires_at__lte=timezone.now())
        if self.errors:
            return due
        asked = Filters(account=self.filters.account, user=self.filters.user)
        oldest = self.scope.open().matching(asked).order_by("created_at", "pk")
        later = oldest.values_list("created_at", flat=True)[counting.LISTED :].first()
        return due.filter(created_at__lt=later) if later else due

    def _narrowed_over(self) -> list[TrackedSessionQuerySet]:
        asked = self.filters.flag
        possible = [flag for flag in asked if flag not in flags.ONLY_OPEN]
        if asked and not possible:
            return []
        found = self.narrowed_but_for_flags(self.scope.over()).flagged(possible)
        status = self.cleaned_data.get("status")
        return [found.filter(end_reason=status) if status else found]

    def _offer_choices(self) -> None:
        super()._offer_choices()
        self._offer("status", _("Any status"), _suggestions(STATUSES))
        known = _suggestions(sign_in_methods.WORDS.items())
        asked = self.data.get("method", "")
        if asked and asked not in sign_in_methods.WORDS:
            other = suggestions.other_method(self.scope, asked)
            known += [other] if other else []
        self._offer("method", _("Any method"), known)

    def _sentences(self) -> dict[str, str]:
        return super()._sentences() | {
            "account_name": gettext("No account on record matches “%(text)s”."),
            "user": gettext("This user has no sign-ins on record."),
            "person": gettext("No user on record matches “%(text)s”."),
            "status": gettext("That status doesn't exist, so no sign-ins match."),
            "method": gettext("No sign-in on record used that method."),
        }


def _suggestions(choices: Any) -> list[Suggestion]:
    return [Suggestion(value, label) for value, label in choices]
