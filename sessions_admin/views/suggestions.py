"""What fits while somebody types into a filter: a short list of links, as a part of a page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sessions_admin import choices
from sessions_admin.addresses import offered
from sessions_admin.choices import Choice
from sessions_admin.forms import SEARCH_LENGTH
from sessions_admin.policy import Scope
from sessions_admin.views import admins_only


@require_safe
@admins_only
def people(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Those whom the text in ``person`` fits; each link keeps the other filters."""
    text = request.GET.get("person", "")[:SEARCH_LENGTH]
    found = choices.people(scope, text, limit=choices.OFFERED + 1)
    return _fragment(request, "person", found)


@require_safe
@admins_only
def accounts(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The same for accounts, whose text is in ``account_name``."""
    text = request.GET.get("account_name", "")[:SEARCH_LENGTH]
    found = choices.accounts(scope, text, limit=choices.OFFERED + 1) if text.strip() else []
    return _fragment(request, "account_name", found)


def _fragment(request: HttpRequest, name: str, found: list[Choice]) -> HttpResponse:
    context = {"name": name, "is_asked": request.GET.get(name, "").strip()}
    return render(
        request, "sessions_admin/list/suggestions.html", context | offered(request, name, found)
    )
