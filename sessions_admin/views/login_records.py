"""The page *Login records*: every sign-in on record, active or over. Read-only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.html import escape, format_html, strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sessions_admin import bidi, conf, liveness, pages, people
from sessions_admin.client import countries, locations
from sessions_admin.listing import counting
from sessions_admin.listing.counting import Counts
from sessions_admin.listing.filters import TYPED
from sessions_admin.listing.finding import page_of_parts
from sessions_admin.listing.pagination import BadCursorError, Page
from sessions_admin.listing.parts import Part, look_expensive
from sessions_admin.listing.record_filters import ACTIVE, RecordFilterForm
from sessions_admin.models import TrackedSession
from sessions_admin.pipelines import Later, sending
from sessions_admin.policy import Scope
from sessions_admin.views import addresses, filter_bar, paging, partials, sentences
from sessions_admin.views.access import admins_only
from sessions_admin.views.layouts import Layout
from sessions_admin.views.list_rows import Row, Rows
from sessions_admin.views.record_status import Status, judged, statuses
from sessions_admin.views.rows import say_store_is_away

# How many countries and devices of a person are named.
NAMED = 3
# A status of so many letters has one line, and when it ended stands in the next. A longer one may
# take two, and that follows in the second.
ONE_LINE = 20


class Record(NamedTuple):
    """A row of the page: what the list shows of a session, how it ended, and how it began.

    ``address``, ``status_html`` and ``method_html`` are HTML, with links; the template of a record
    only lays them out, like that of a row.
    """

    row: Row
    status: Status
    method: str
    address: SafeString
    status_html: SafeString
    method_html: SafeString


@dataclass(frozen=True)
class History:
    """What the records of one person have in common."""

    first: datetime
    last: datetime
    countries: str
    devices: str


@require_safe
@admins_only
def login_records(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = RecordFilterForm(request.GET, scope=scope)
    if form.typed:
        return HttpResponseRedirect(addresses.filtered(request, form.typed, without=TYPED))
    notices = form.notices
    parts, reused = form.parts(), scope.alarms()
    later = Later()
    written: list[Counts] = []

    def write() -> None:
        if not written:
            written.append(counting.count_parts(later, parts, None, reused))

    is_further = paging.is_further(request)
    page = _page(request, form, parts, notices, None if is_further else write)
    if not (written and page.older):
        later = Later()
        written = [counting.count_parts(later, parts, page, reused)]
    # The database counts while the records are made.
    with ExitStack() as stack:

        def ask() -> None:
            if later:
                plainly = look_expensive(parts)
                sent = sending(connections[reused.db], plainly=plainly)
                later.release(stack.enter_context(sent))

        found = statuses(request, scope, page.rows, meanwhile=ask)
        ask()
        (counts,) = written
        records = _records(request, scope, found)
        records_html = _laid_out(records)
        total, passed, alarms = counts.total(page), counts.before, counts.alarms
    context = {
        "viewer": request.user.pk,
        **filter_bar.context(request, form),
        "notices": notices,
        "records": records,
        "records_html": records_html,
        "newer_url": addresses.page(request, before=page.newer),
        "older_url": addresses.page(request, after=page.older),
        "first_url": addresses.page(request) if page.newer else None,
        "range_text": sentences.positions(passed, len(page.rows), total),
        "count_text": sentences.records(total, filtered=form.is_narrowing),
        "filtered": form.is_narrowing,
        "export_url": addresses.address(
            pages.url(request, "export_records"),
            addresses.query_of_list(request, without=addresses.PLACE),
        ),
        "history": _history(form.of_person),
        "retention_text": sentences.retention(),
        "unseen_alarms": alarms,
        "attribution": locations.attribution(),
    }
    if partials.wanted(request):
        here, part = addresses.back(request), "sessions_admin/login_records/part.html"
        return partials.render_list(request, context, address=here, template=part)
    return render(request, "sessions_admin/login_records/page.html", context)


def _page(
    request: HttpRequest,
    form: RecordFilterForm,
    parts: list[Part],
    notices: list[str],
    write: Callable[[], None] | None,
) -> Page:
    """Return the page, or the nearest that is left.

    ``write`` is called while the database finds its rows.
    """
    try:
        position = paging.position(request)
    except BadCursorError:
        notices.append(_("That page is gone. Showing the newest sign-ins."))
        position = {}
    size = conf.current().page_size
    status = form.status_asked
    if status == ACTIVE:
        return paging.living_page(request, parts, size=size, meanwhile=write, **position)
    rows = TrackedSession.objects.select_related("user", "termination").defer("search_text")
    shown = rows.with_active_count()
    how: dict[str, Any] = {"size": size, "shown": shown}
    if not status:
        read = partial(page_of_parts, parts, meanwhile=write, **how)
        return paging.nearest(read, **position)

    def fitting(rows: list[TrackedSession]) -> list[TrackedSession]:
        found = judged(form.scope, rows)
        return [row for row in rows if found[row].fits(status)]

    try:
        read = partial(page_of_parts, parts, keep=fitting, meanwhile=write, **how)
        return paging.nearest(read, **position)
    except liveness.StoreUnavailableError:
        say_store_is_away(request)
        over = [Part(part.rows.over()) for part in parts]
        return paging.nearest(partial(page_of_parts, over, **how), **position)


def _records(
    request: HttpRequest, scope: Scope, found: Mapping[TrackedSession, Status]
) -> list[Record]:
    made = Rows(request, scope)
    rows = made.of(list(found))
    of_method, of_address = (addresses.of_values(request, name) for name in ("method", "q"))

    def record(row: Row, session: TrackedSession, status: Status) -> Record:
        method, address = session.sign_in_method_text, row.ip_address
        if session.ip_address:
            link = '<a href="{}" aria-describedby="sa-a">{}</a>'
            address = format_html(link, of_address(session.ip_address), address)
        method_html = SafeString("")
        if method:
            link = '<small><a href="{}" title="{}" aria-describedby="sa-o">{}</a></small>'
            method_html = format_html(link, of_method(session.sign_in_method), method, method)
        if status.is_active:
            link = '<a class="sa-status sa-status--active" href="{}">{}</a>'
            status_html = format_html(link, row.detail_url, status.text)
        else:
            status_html = _how_it_ended(status)
        if status.at:
            status_html += format_html("<small>{}</small>", made.time(status.at))
        return Record(row, status, method, address, status_html, method_html)

    return [record(row, *each) for row, each in zip(rows, found.items(), strict=True)]


def _how_it_ended(status: Status) -> SafeString:
    """Return the status, and what parts it from the time of the end: a line break or a space."""
    brief = _brief(status)
    space = "\n" if len(strip_tags(brief)) <= ONE_LINE else " "
    return format_html('<span class="sa-status" title="{}">{}</span>{}', status.text, brief, space)


def _brief(status: Status) -> str:
    """Return the status with the name of an admin alone, which the column has room for."""
    if not status.admin:
        return status.text
    name = format_html("<bdi>{}</bdi>", people.name_in(status.admin))
    return SafeString(escape(_("Terminated by %(name)s")) % {"name": name})


def _laid_out(records: list[Record]) -> SafeString:
    layout = Layout.of("sessions_admin/login_records/row.html", row=Row, record=Record)
    return SafeString("".join(layout.filled(each.row, each) for each in records))


def _history(newest: list[TrackedSession]) -> History | None:
    """Return what the records of the person in the filter have in common."""
    if not newest:
        return None
    return History(
        first=newest[0].first_at,  # type: ignore[attr-defined]
        last=newest[0].created_at,
        countries=_usual(countries.name(s.country_code, s.country) for s in newest),
        devices=_usual(s.device_label for s in newest if s.browser or s.device),
    )


def _usual(names: Iterable[str]) -> str:
    counts: Counter[str] = Counter(name for name in names if name)
    return bidi.phrases([name for name, _times in counts.most_common(NAMED)], _("and"))
