"""Answers to htmx, which asks for a part of a page and puts it where that part stands.

An answer that belongs to the whole page, a redirect to sign-in say, must never land in the part.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirectBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

# The ids of the parts, as they stand in the templates.
LIST = "sessions"
DIALOG = "sa-dialog-content"
FILTERS = "filters"


def wanted(request: HttpRequest) -> str:
    """The id of the part that is asked for; empty where it is a whole page."""
    htmx = HtmxDetails(request)
    return (htmx.target or "") if htmx and not htmx.history_restore_request else ""


def page_of(request: HttpRequest, *, otherwise: str) -> str:
    """The address of the page whose part is asked for, to come back to it after a sign-in."""
    htmx = HtmxDetails(request)
    return (htmx.current_url_abs_path if htmx else request.get_full_path()) or otherwise


def fit(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Have the whole page go where a redirect leads.

    htmx would follow it and put a page into the part it asked for.
    """
    if HtmxDetails(request) and isinstance(response, HttpResponseRedirectBase):
        response = HttpResponseClientRedirect(response.url)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def render_list(request: HttpRequest, context: dict[str, Any], *, address: str) -> HttpResponse:
    """The rows with all that tells of them; ``address`` is that of the page as it is now.

    The filters come along except to whoever is filling them in at the moment.
    """
    htmx = HtmxDetails(request)
    context = context | {"with_filters": htmx.trigger != FILTERS}
    response = render(request, "sessions_admin/list/part.html", context)
    response["HX-Retarget"] = f"#{LIST}"
    here = htmx.current_url_abs_path
    if request.method == "POST" or address == here:
        response["HX-Push-Url"] = "false"
    elif htmx.trigger == FILTERS and _is_search_typed_on(here, request):
        # One step back leads to before the search, not to the letter before.
        response["HX-Replace-Url"] = address
    else:
        response["HX-Push-Url"] = address
    return response


def render_dialog(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """What a page of its own says, for the dialog over the list."""
    response = render(request, template, context | {"in_dialog": True, "heading": "h2"})
    response["HX-Push-Url"] = "false"
    return response


def _is_search_typed_on(here: str | None, request: HttpRequest) -> bool:
    before = {name: values[-1] for name, values in parse_qs(urlsplit(here or "").query).items()}
    now = {name: value for name, value in request.GET.items() if value}
    return bool(before.pop("q", "")) and bool(now.pop("q", "")) and before == now
