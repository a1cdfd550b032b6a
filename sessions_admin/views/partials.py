"""Responses to htmx, which requests a part of a page and swaps it in.

A response for the whole page, such as a redirect to the sign-in page, must never be swapped into a
part.
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

# The ids of the parts in the templates.
LIST = "sa-sessions"
DIALOG = "sa-dialog-content"
FILTERS = "sa-filters"


def wanted(request: HttpRequest) -> str:
    """Return the id of the requested part; empty for a whole page."""
    htmx = HtmxDetails(request)
    return (htmx.target or "") if htmx and not htmx.history_restore_request else ""


def page_of(request: HttpRequest, *, otherwise: str) -> str:
    """Return the URL of the page that requests the part, for returning to it after a sign-in."""
    here = _shown_now(request) if HtmxDetails(request) else request.get_full_path()
    return here or otherwise


def is_of_another_user(request: HttpRequest) -> bool:
    """Whether the page that requests the part was rendered for somebody else.

    They may have signed in with the same browser meanwhile, in another tab.
    """
    viewer = request.headers.get("SA-User")
    return viewer is not None and viewer != str(request.user.pk)


def fit(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Make a redirect apply to the whole page; htmx would swap its target into the part."""
    if HtmxDetails(request) and isinstance(response, HttpResponseRedirectBase):
        response = HttpResponseClientRedirect(response.url)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def render_list(
    request: HttpRequest,
    context: dict[str, Any],
    *,
    address: str,
    template: str = "sessions_admin/list/part.html",
) -> HttpResponse:
    """Render the list as a part; ``address`` is the new URL of the page."""
    context = context | {
        "with_filters": shows_filters(request),
        "with_number": _is_of_filters(request),
    }
    response = render(request, template, context)
    response["HX-Retarget"] = f"#{LIST}"
    show_address(request, response, address)
    return response


def shows_filters(request: HttpRequest) -> bool:
    """Whether the answer includes the filters.

    Not while the user is editing them, and not if the page says that it shows the same ones.
    """
    is_same = request.headers.get("SA-Filters") == "same"
    return not wanted(request) or not (is_same or _is_of_filters(request))


def show_address(request: HttpRequest, response: HttpResponse, address: str) -> None:
    """Make ``address`` the URL of the page whose part this is."""
    here = _shown_now(request)
    if request.method == "POST" or address == here:
        response["HX-Push-Url"] = "false"
    elif _is_of_filters(request) and _is_search_continued(here, request):
        # The Back button leads to the list before the search, not to a search one letter shorter.
        response["HX-Replace-Url"] = address
    else:
        response["HX-Push-Url"] = address


def page_or_dialog(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    """Render the page of this name, or only its content for the dialog over the list."""
    if wanted(request) == DIALOG:
        return render_dialog(request, f"sessions_admin/{name}/content.html", context)
    return render(request, f"sessions_admin/{name}/page.html", context)


def render_dialog(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render the content of a page for the dialog over the list."""
    response = render(request, template, context | {"in_dialog": True, "heading": "h2"})
    response["HX-Push-Url"] = "false"
    return response


def _is_of_filters(request: HttpRequest) -> bool:
    return HtmxDetails(request).trigger == FILTERS


def _shown_now(request: HttpRequest) -> str | None:
    """Return the path of the page that htmx reports; ``None`` if that is no URL of this site."""
    try:
        path = HtmxDetails(request).current_url_abs_path
        urlsplit(path or "")
    except ValueError:
        return None
    return path


def _is_search_continued(here: str | None, request: HttpRequest) -> bool:
    before = parse_qs(urlsplit(here or "").query)
    given = {name: [value for value in values if value] for name, values in request.GET.lists()}
    now = {name: values for name, values in given.items() if values}
    return bool(before.pop("q", "")) and bool(now.pop("q", "")) and before == now
