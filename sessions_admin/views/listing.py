"""The list *Active user sessions*."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sessions_admin import conf, flags, liveness
from sessions_admin.client import locations
from sessions_admin.listing import counting
from sessions_admin.listing.counting import Count
from sessions_admin.listing.filters import TYPED, FilterForm
from sessions_admin.listing.pagination import BadCursorError, Page, page_of, starting_at
from sessions_admin.policy import Scope
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.views import addresses, paging, partials, sentences
from sessions_admin.views.access import admins_only
from sessions_admin.views.rows import TYPED_FOR, Rows


@require_safe
@admins_only
def session_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    return show_list(request, scope)


@require_safe
@admins_only
def news(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show how many matching sessions have begun since the list was loaded.

    The open page requests this regularly, so it reads only a few rows of an index.
    """
    since = _since(request)
    if since is None:
        return HttpResponseBadRequest(_("The “since” parameter is missing or invalid."))
    form = FilterForm(request.GET, scope=scope)
    newer = form.narrowed(scope.active()).filter(created_at__gt=since)
    try:
        found = page_of(newer.for_liveness(), size=sentences.MOST_NEWS + 1, keep=liveness.signed_in)
        count = len(found.rows)
    except liveness.StoreUnavailableError:
        count = 0
    context = {"news_text": sentences.news(count), "newest_url": addresses.page(request)}
    return render(request, "sessions_admin/list/news.html", context)


def show_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Render the list with the filters in the URL: the page, or the part that htmx requests."""
    as_of = timezone.now()
    list_url = addresses.with_filters(request, reverse("sessions_admin:list"))
    form = FilterForm(request.GET, scope=scope)
    if form.typed:
        return HttpResponseRedirect(addresses.filtered(request, form.typed, without=TYPED))
    notices = form.notices
    sessions = form.narrowed(scope.active())
    page = _page(request, sessions, notices)
    total, flagged, before = _counts(scope, form, sessions, page)
    filtered = form.is_narrowing
    context = {
        "form": form,
        "filter_person": _typed(request, form, "person"),
        "filter_account": _typed(request, form, "account_name"),
        "notices": notices,
        "rows": Rows(request, scope).of(page.rows),
        "newer_url": addresses.page(request, before=page.newer),
        "older_url": addresses.page(request, after=page.older),
        "first_url": addresses.page(request) if page.newer else None,
        "range_text": sentences.positions(before, len(page.rows), total),
        "count_text": sentences.count(total, filtered=filtered),
        "filtered": filtered,
        "chips": _chips(request, form),
        "clear_url": reverse("sessions_admin:list"),
        "list_url": list_url,
        "terminate_all_url": addresses.with_filters(
            request, reverse("sessions_admin:terminate_all")
        ),
        "terminate_all_label": sentences.terminate_all(total, filtered=filtered),
        "flags": _flags(form, flagged),
        "terminate_selected_url": reverse("sessions_admin:terminate_selected"),
        "kept": addresses.query_of_list(request).items(),
        "as_of": as_of,
        "news_url": addresses.news(request, as_of),
        "attribution": locations.attribution(),
    }
    if partials.wanted(request):
        return partials.render_list(request, context, address=list_url)
    return render(request, "sessions_admin/list/page.html", context)


def back_to_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Return to the list with its filters and position: by a redirect, or as a part for htmx."""
    if partials.wanted(request):
        return show_list(request, scope)
    list_url = addresses.with_filters(request, reverse("sessions_admin:list"))
    return HttpResponseRedirect(list_url)


def _page(request: HttpRequest, sessions: TrackedSessionQuerySet, notices: list[str]) -> Page:
    try:
        position = paging.position(request)
    except BadCursorError:
        notices.append(_("That page is gone. Showing the newest sessions."))
        position = {}
    return paging.living_page(request, sessions, size=conf.current().page_size, **position)


def _counts(
    scope: Scope, form: FilterForm, sessions: TrackedSessionQuerySet, page: Page
) -> tuple[Count, dict[str, Count], Count]:
    """Return the number of sessions on all pages, by flag in the whole scope, and before this."""
    is_all = not (page.newer or page.older)
    total, flagged, before = counting.count(
        scope.active(),
        None if is_all else sessions,
        among=None if form.is_narrowing else scope.open(),
        before=starting_at(sessions, page.newer, backwards=True) if page.newer else None,
    )
    return total or Count(len(page.rows)), flagged, before


def _flags(form: FilterForm, flagged: dict[str, Count]) -> list[dict[str, Any]]:
    """Return the flags that any session has, with their counts and links."""
    return [
        {
            "flag": flag,
            "count": flagged[flag.id].number,
            "is_more": flagged[flag.id].is_more,
            "url": f"{reverse('sessions_admin:list')}?{urlencode({'flag': flag.id})}",
            "is_chosen": form.filters.flag == flag.id,
        }
        for flag in flags.FLAGS
        if flagged[flag.id].number
    ]


def _typed(request: HttpRequest, form: FilterForm, name: str) -> dict[str, Any]:
    """Return the template context of a filter with a text field."""
    key = TYPED[name]
    return {
        "name": name,
        "field": form[name],
        "key_field": form[key],
        "chosen": form.chosen.get(key),
        "drop_url": addresses.filtered(request, {}, without=[name, key]),
        **addresses.suggested(request, name, form.suggestions.get(name, [])),
    }


def _chips(request: HttpRequest, form: FilterForm) -> list[dict[str, str]]:
    """Return the active filters, each with the URL of the list without it."""
    return [
        {
            "label": label,
            "value": value,
            "url": addresses.filtered(request, {}, without=[name, *TYPED_FOR.get(name, ())]),
        }
        for name, label, value in form.in_words()
    ]


def _since(request: HttpRequest) -> datetime | None:
    """Return the time in the URL; ``None`` if malformed, without time zone or out of range."""
    try:
        since = parse_datetime(request.GET.get("since", ""))
        return since.astimezone(UTC) if since and since.tzinfo else None
    except (ValueError, OverflowError):
        return None
