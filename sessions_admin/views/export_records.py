"""The record of exports: who downloaded what, in which format, and how many rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from sessions_admin import reauthentication, sign_in_methods
from sessions_admin.listing import log_filters, record_filters
from sessions_admin.listing.counting import grouped
from sessions_admin.listing.dates import Dates
from sessions_admin.models import Export
from sessions_admin.policy import Scope
from sessions_admin.termination import actions
from sessions_admin.views import paging
from sessions_admin.views.access import admins_only

# So many are shown below the termination log.
NEWEST = 5
# The filters that only records and the log have, with their labels and the words for their values.
# Dates are read by themselves.
MORE: dict[str, tuple[Any, dict[Any, Any]]] = {
    "status": (gettext_lazy("Status"), dict(record_filters.STATUSES)),
    "method": (gettext_lazy("Sign-in method"), dict(sign_in_methods.WORDS)),
    "admin": (gettext_lazy("Admin"), {}),
    "result": (gettext_lazy("Result"), dict(log_filters.RESULTS)),
    "reused": (gettext_lazy("Reused elsewhere"), dict(log_filters.REUSED)),
}


@dataclass(frozen=True)
class Line:
    """An export as one user may see it: the whole, or only that it took place."""

    export: Export
    is_whole: bool

    @property
    def what(self) -> str:
        if self.is_whole:
            return str(self.export.get_page_display())
        text = _("%(page)s of several accounts, including yours")
        return text % {"page": self.export.get_page_display()}

    @property
    def filters(self) -> list[tuple[str, str]]:
        return in_words(self.export.filters) if self.is_whole else []

    @property
    def result(self) -> str:
        """How many rows it had and whether it came to its end."""
        number = self.export.rows
        rows = ngettext("%(n)s row", "%(n)s rows", number) % {"n": grouped(number)}
        if self.export.is_complete:
            state = ""
        else:
            state = _("interrupted") if self.export.finished_at else _("not finished")
        return _(", ").join(filter(None, [rows if self.is_whole else "", state]))


@require_safe
@admins_only
@reauthentication.required
def exports(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show all exports that the reader may know of."""
    notices: list[str] = []
    page = paging.page_or_first(request, scope.exports(request.user), notices)
    context = {
        "exports": lines(scope, request.user, page.rows),
        "notices": notices,
        **paging.links(request, page),
    }
    return render(request, "sessions_admin/export/records.html", context)


def newest(scope: Scope, user: Any) -> list[Line]:
    """Return the newest exports."""
    return lines(scope, user, scope.exports(user).order_by("-created_at", "-pk")[:NEWEST])


def lines(scope: Scope, user: Any, found: Iterable[Export]) -> list[Line]:
    return [Line(each, scope.has_whole(each, user)) for each in found]


def in_words(kept: Any) -> list[tuple[str, str]]:
    """Return the filters of an export in the active language, as pairs of label and value.

    ``kept`` are the ``facts`` of a form. Earlier versions kept such pairs, which stay as they are.
    """
    if isinstance(kept, list):
        return [(str(label), str(value)) for label, value in kept]
    named = {name: kept.get(f"{name}_name") or kept.get(name) for name in ("account", "user")}
    found = list(actions.in_words(kept | named))
    for name, (label, words) in MORE.items():
        if value := kept.get(name):
            found.append((str(label), str(words.get(value, value))))
    return found + [(label, value) for _name, label, value in Dates.read(kept).in_words()]
