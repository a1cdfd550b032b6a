"""The list *Active user sessions*."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from html import escape
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from sessions_admin import conf, flags, liveness, moments, pages
from sessions_admin.client import locations
from sessions_admin.listing import sorting
from sessions_admin.listing.counting import Count
from sessions_admin.listing.filters import TYPED, FilterForm
from sessions_admin.listing.pagination import (
    NEWEST_FIRST,
    Order,
    page_of,
)
from sessions_admin.listing.parts import Part
from sessions_admin.policy import Scope
from sessions_admin.views import addresses, filter_bar, partials, sentences
from sessions_admin.views.access import admins_only
from sessions_admin.views.layouts import Layout
from sessions_admin.views.list_rows import Rows
from sessions_admin.views.rows import own_ids
from sessions_admin.views.shown import Shown, shown_sessions

# A page to print has at most so many sessions.
PRINTED = 1000
# The titles of the links that sort, by the order that they lead to.
SORTING = {
    "": gettext_lazy("Sort by newest first"),
    "oldest": gettext_lazy("Sort by oldest first"),
    "last-active": gettext_lazy("Sort by last active first"),
    "longest-inactive": gettext_lazy("Sort by longest inactive first"),
}


class StripFlag(NamedTuple):
    """A flag above the list: HTML."""

    id: str
    label: str
    why: str
    count: str  # type: ignore[assignment]
    url: str


@require_safe
@admins_only
def session_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    if request.GET.get("print"):
        return _print(request, scope)
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
    context = {"news_text": sentences.news(count), "newest_url": addresses.newest(request)}
    return render(request, "sessions_admin/list/news.html", context)


def show_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Render the list with the filters in the URL: the page, or the part that htmx requests."""
    as_of = timezone.now()
    list_url = addresses.with_filters(request, pages.url(request, "list"))
    form = FilterForm(request.GET, scope=scope)
    if form.typed:
        return HttpResponseRedirect(addresses.filtered(request, form.typed, without=TYPED))
    notices, with_filters = form.notices, partials.shows_filters(request)
    size = conf.current().page_size
    with ExitStack() as stack:
        if with_filters:
            stack.enter_context(form.looking_for_accounts())
        parts = form.parts() if form.is_narrowing else [Part(scope.active())]
        asked = shown_sessions(request, scope, form, parts, notices, size=size)
        shown = stack.enter_context(asked)
        # The database counts while the rows are made.
        context = _context(request, scope, form, shown) | {
            "notices": notices,
            "list_url": list_url,
            "as_of": moments.Moments().moment(as_of),
            "clock": moments.clock(as_of),
            "news_url": addresses.news(request, as_of),
        }
        if with_filters:
            name = "sessions_admin/list/filters.html"
            context["filters_html"] = render_to_string(name, context, request)
        if context["rows"]:
            name = "sessions_admin/list/table.html"
            context["table_html"] = render_to_string(name, context, request)
        context |= _counted(request, form, shown)
    if partials.wanted(request):
        return partials.render_list(request, context, address=list_url)
    return render(request, "sessions_admin/list/page.html", context)


def _context(request: HttpRequest, scope: Scope, form: FilterForm, shown: Shown) -> dict[str, Any]:
    """Return the template context that does not depend on how many sessions there are."""
    page, made = shown.page, Rows(request, scope)
    rows = made.of(page.rows)
    return {
        "rows": rows,
        "rows_html": made.laid_out(rows),
        "viewer": request.user.pk,
        "own_session": next(iter(own_ids(request)), ""),
        **filter_bar.context(request, form),
        "records_of_user": _records_of_user(request, form),
        "is_swapped": bool(partials.wanted(request)),
        "newer_url": addresses.page(request, before=page.newer),
        "older_url": addresses.page(request, after=page.older),
        "first_url": addresses.page(request) if page.newer else None,
        "filtered": form.is_narrowing,
        "export_url": addresses.address(
            pages.url(request, "export"), addresses.query_of_list(request, without=addresses.PLACE)
        ),
        "print_url": addresses.printed(request),
        "terminate_all_url": addresses.with_filters(request, pages.url(request, "terminate_all")),
        "columns": _columns(request, shown.order),
        "is_newest_first": shown.order == NEWEST_FIRST,
        "terminate_selected_url": pages.url(request, "terminate_selected"),
        "kept": [
            (name, value)
            for name, values in addresses.query_of_list(request).lists()
            for value in values
        ],
        "attribution": locations.attribution(),
    }


def _records_of_user(request: HttpRequest, form: FilterForm) -> str:
    """Return the URL of the login records of the user in the filter, if there is one.

    Their sessions may all have ended.
    """
    user, records = form.filters.user, pages.url(request, addresses.RECORDS)
    return f"{records}?{urlencode({'user': user})}" if user else ""


def _counted(request: HttpRequest, form: FilterForm, shown: Shown) -> dict[str, Any]:
    """Return the template context that says how many sessions there are."""
    total, filtered = shown.total, form.is_narrowing
    strip = _flags(request, form, shown.counts.flags)
    return {
        "range_text": sentences.positions(shown.before, len(shown.page.rows), total),
        "count_text": sentences.count(total, filtered=filtered),
        "terminate_all_label": sentences.terminate_all(total, filtered=filtered),
        "flags": strip,
        "flags_html": _strip(strip),
        "unseen_alarms": shown.counts.alarms,
    }


def back_to_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Return to the list with its filters and position: by a redirect, or as a part for htmx."""
    if partials.wanted(request) and addresses.list_name(request) == "list":
        return show_list(request, scope)
    return HttpResponseRedirect(addresses.back(request))


def _print(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Render the matching sessions to be printed: up to a bound, with filters and full dates."""
    form = FilterForm(request.GET, scope=scope)
    notices = form.notices
    with shown_sessions(request, scope, form, form.parts(), notices, size=PRINTED) as shown:
        page, made = shown.page, Rows(request, scope)
        is_all = not (page.newer or page.older)
        context = {
            "as_of": timezone.now(),
            "rows_html": made.laid_out(made.of(page.rows), "sessions_admin/list/print_row.html"),
            "count_text": sentences.count(shown.total, filtered=form.is_narrowing),
            "bound_text": "" if is_all else sentences.printed(len(page.rows), shown.total),
            "filter_lines": form.lines(),
            "sort_text": dict(sorting.CHOICES).get(form.data.get("sort", "")),
            "notices": notices,
            "list_url": addresses.page(request),
            "attribution": locations.attribution(),
        }
    return render(request, "sessions_admin/list/print.html", context)


def _columns(request: HttpRequest, order: Order) -> dict[str, dict[str, str]]:
    """Return, for each column that sorts, its current direction and the link that sorts by it."""
    columns = {}
    for name, usual in (("created", ""), ("seen", "last-active")):
        latest_first = sorting.ORDERS[usual]
        is_sorted = order.field == latest_first.field
        direction = "descending" if order.is_descending else "ascending"
        # The link turns the order round; from another column, the latest come first.
        value = usual
        if order == latest_first:
            value = sorting.value_of(replace(order, is_descending=False))
        columns[name] = {
            "name": name,
            "direction": direction if is_sorted else "",
            "title": str(SORTING[value]),
            "url": addresses.filtered(request, {"sort": value}),
        }
    return columns


def _flags(
    request: HttpRequest, form: FilterForm, flagged: dict[str, Count]
) -> list[dict[str, Any]]:
    """Return the flags that any session has, and the chosen ones, with their counts and links.

    A link adds its flag to the chosen ones, or takes it away.
    """
    chosen, named = form.filters.flag, flags.labels()
    return [
        {
            "id": flag.id,
            "label": named[flag.id],
            "why": flag.why(),
            "count": sentences.number(flagged[flag.id]),
            "is_chosen": flag.id in chosen,
            "url": addresses.filtered(request, {"flag": _toggled(chosen, flag.id)}),
        }
        for flag in flags.FLAGS
        if flagged[flag.id].number or flag.id in chosen
    ]


def _strip(shown: list[dict[str, Any]]) -> SafeString:
    """Return the flags above the list as HTML."""
    template = "sessions_admin/list/strip_flag.html"
    layout = Layout.of(template, flag=StripFlag)
    return SafeString(
        "".join(
            render_to_string(template, {"flag": flag})
            if flag["is_chosen"]
            else layout.filled(StripFlag(*(escape(flag[name]) for name in StripFlag._fields)))
            for flag in shown
        )
    )


def _toggled(chosen: tuple[str, ...], flag: str) -> list[str]:
    return [each for each in chosen if each != flag] if flag in chosen else [*chosen, flag]


def _since(request: HttpRequest) -> datetime | None:
    """Return the time in the URL; ``None`` if malformed, without time zone or out of range."""
    try:
        return moments.parse(request.GET.get("since", ""))
    except (ValueError, OverflowError):
        return None
