"""Suggestions for a filter while the user types: a short list of links, as a part of the page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sessions_admin.listing import suggestions
from sessions_admin.listing.filters import SEARCH_LENGTH
from sessions_admin.listing.suggestions import Suggestion
from sessions_admin.policy import Scope
from sessions_admin.views import addresses
from sessions_admin.views.access import admins_only


@require_safe
@admins_only
def people(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Suggest people who match the text in ``person``; each link keeps the other filters."""
    text = request.GET.get("person", "")[:SEARCH_LENGTH]
    found = suggestions.people(scope, text, **_asked(request))
    return _fragment(request, "person", found)


@require_safe
@admins_only
def accounts(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Suggest accounts that match the text in ``account_name``."""
    text = request.GET.get("account_name", "")[:SEARCH_LENGTH]
    found = suggestions.accounts(scope, text, **_asked(request)) if text.strip() else []
    return _fragment(request, "account_name", found)


@require_safe
@admins_only
def countries(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Suggest countries that match the text in ``country_name``."""
    text = request.GET.get("country_name", "")[:SEARCH_LENGTH]
    found = suggestions.countries(scope, text, **_asked(request)) if text.strip() else []
    return _fragment(request, "country_name", found)


def _asked(request: HttpRequest) -> dict[str, Any]:
    """Return how many to suggest, and for which list: with ``of`` for the login records."""
    of_records = addresses.list_name(request) == addresses.RECORDS
    return {"limit": suggestions.SHOWN + 1, "records": of_records}


def _fragment(request: HttpRequest, name: str, found: list[Suggestion]) -> HttpResponse:
    context = {
        "name": name,
        "is_asked": request.GET.get(name, "").strip(),
        "of_records": addresses.list_name(request) == addresses.RECORDS,
    }
    context |= addresses.suggested(request, name, found)
    return render(request, "sessions_admin/list/suggestions.html", context)
