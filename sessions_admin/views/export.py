"""Export what a page shows, as a file: CSV or JSON Lines.

A GET asks for the format and a POST answers with the file. Both need a fresh proof of identity,
which leads back to the question with its filters. An export is recorded before its first row
leaves, and the reader's scope is checked again for every chunk.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.core.handlers.asgi import ASGIRequest
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from sessions_admin import liveness, pages, people, policy, reauthentication
from sessions_admin.listing import export as exporting
from sessions_admin.listing.export import Source
from sessions_admin.listing.filters import FilterForm
from sessions_admin.listing.log_filters import LogForm
from sessions_admin.listing.record_filters import RecordFilterForm
from sessions_admin.models import Export, TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.views import addresses, record_status
from sessions_admin.views.access import admins_only
from sessions_admin.views.log_entries import entries_and_alarms
from sessions_admin.views.rows import own_ids, say_store_is_away, shown

# The name is documented (docs/security.md): projects filter by it.
logger = logging.getLogger("sessions_admin.export")

NAMES = {
    Export.Page.SESSIONS: "active-user-sessions",
    Export.Page.RECORDS: "login-records",
    Export.Page.LOG: "termination-log",
}
# The URL names of the pages.
LISTS = {
    Export.Page.SESSIONS: "list",
    Export.Page.RECORDS: addresses.RECORDS,
    Export.Page.LOG: "termination_log",
}
CONTENT_TYPES = {
    Export.Format.CSV: "text/csv; charset=utf-8",
    Export.Format.JSON_LINES: "application/jsonl; charset=utf-8",
}

Form = TypeVar("Form", bound=FilterForm)


class StoppedError(Exception):
    """The reader may not read on, so the file ends as a broken download."""


@dataclass(frozen=True)
class Exported:
    """What one request exports: a page's rows, and what the record says about them.

    ``accounts`` are the ids of the accounts whose rows it could contain; none means all.
    """

    source: Source
    form: FilterForm | LogForm
    accounts: list[str]
    back_url: str


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@admins_only
@reauthentication.required
def sessions(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Export the active sessions that match the filters in the URL."""
    form = FilterForm(request.GET, scope=scope)
    query = addresses.query_of_list(request, without=addresses.PLACE)
    source = Source(
        page=Export.Page.SESSIONS,
        columns=exporting.SESSION_COLUMNS,
        rows=lambda now: [_with_users(_form_in(form, now).narrowed(now.active()))],
        shown=lambda now, rows: [shown(now, row) for row in liveness.signed_in(rows)],
    )
    asked = Exported(
        source=source,
        form=form,
        accounts=accounts_of(scope, form.filters.account),
        back_url=addresses.address(pages.url(request, "list"), query),
    )
    return respond(request, asked)


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@admins_only
@reauthentication.required
def log(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Export the entries of the termination log that match the filters in the URL."""
    form = LogForm(request.GET, scope=scope, user=request.user)
    source = Source(
        page=Export.Page.LOG,
        columns=exporting.LOG_COLUMNS,
        rows=lambda now: [form.within(now).narrowed(now.terminations(request.user))],
        shown=lambda now, rows: entries_and_alarms(now, request.user, rows)[0],
    )
    asked = Exported(
        source=source,
        form=form,
        accounts=accounts_of(scope, form.account_chosen.value if form.account_chosen else ""),
        back_url=addresses.address(pages.url(request, "termination_log"), form.query()),
    )
    return respond(request, asked)


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@admins_only
@reauthentication.required
def login_records(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Export the login records that match the filters in the URL."""
    form = RecordFilterForm(request.GET, scope=scope)
    query = addresses.query_of_list(request, without=addresses.PLACE)
    source = records(
        lambda now: [part.rows for part in _form_in(form, now).parts()], status=form.status_asked
    )
    asked = Exported(
        source=source,
        form=form,
        accounts=accounts_of(scope, form.filters.account),
        back_url=addresses.address(pages.url(request, "login_records"), query),
    )
    return respond(request, asked)


def records(
    parts: Callable[[Scope], Sequence[TrackedSessionQuerySet]], *, status: str = ""
) -> Source:
    """Return the source of login records; ``parts`` returns the filtered ones in a scope.

    With ``status``, only those that have it in the end: some ends are not recorded yet.
    """
    return Source(
        page=Export.Page.RECORDS,
        columns=exporting.RECORD_COLUMNS,
        rows=parts,
        shown=partial(_shown_records, status=status),
        read=_with_users(TrackedSession.objects.all()).select_related("user", "termination"),
    )


def respond(request: HttpRequest, asked: Exported) -> HttpResponse:
    """Ask for the format on GET; record the export and answer with the file on POST."""
    if request.method != "POST":
        return _page(request, asked)
    file_format = request.POST.get("format", "")
    if file_format not in Export.Format.values:
        return _page(request, asked, error=_("Choose a format."))
    record = Export.objects.create(
        actor_id=request.user.pk,
        actor_label=people.label_of(request.user),
        page=asked.source.page,
        format=file_format,
        account_ids=asked.accounts,
        filters=asked.form.facts(),
    )
    try:
        parts = _Started(_parts(record, asked.source, _scope_now(request)))
    except liveness.StoreUnavailableError:
        say_store_is_away(request)
        return HttpResponseRedirect(asked.back_url)
    is_async = isinstance(request, ASGIRequest)
    response = StreamingHttpResponse(
        _InSteps(parts) if is_async else parts,
        content_type=CONTENT_TYPES[Export.Format(file_format)],
    )
    name = f"{NAMES[asked.source.page]}-{timezone.localdate()}.{file_format}"
    response["Content-Disposition"] = content_disposition_header(True, name)
    return cast("HttpResponse", response)


def _form_in(form: Form, scope: Scope) -> Form:
    """Return the form as it is in the scope of now."""
    data: Any = form.data
    return form if scope == form.scope else type(form)(data, scope=scope)


def accounts_of(scope: Scope, account: str) -> list[str]:
    """Return the ids of the accounts that are exported, with or without a filter by account."""
    if account:
        return [account]
    return [] if scope.everything else [each.id for each in scope.accounts]


def _with_users(sessions: TrackedSessionQuerySet) -> TrackedSessionQuerySet:
    rows = sessions.select_related("user").with_active_count()
    return rows.defer("search_text", "user_agent")


def _shown_records(
    scope: Scope, rows: list[TrackedSession], *, status: str
) -> list[TrackedSession]:
    """Return the rows with this status, or all, each with its ``status``."""
    found = record_status.judged(scope, rows)
    fitting = [row for row in rows if found[row].fits(status)]
    for row in fitting:
        row.status = found[row]  # type: ignore[attr-defined]
    return [shown(scope, row) for row in fitting]


def _page(request: HttpRequest, asked: Exported, error: str = "") -> HttpResponse:
    context = {
        "page_name": asked.source.page.label,
        "list_name": LISTS[asked.source.page],
        "is_everywhere": asked.form.scope.everything,
        "filter_lines": asked.form.lines(),
        "notices": [*filter(None, [error]), *asked.form.notices],
        "formats": Export.Format.choices,
        "back_url": asked.back_url,
    }
    return render(request, "sessions_admin/export/page.html", context, status=400 if error else 200)


def _scope_now(request: HttpRequest) -> Callable[[], Scope]:
    """Return a function that returns the scope of the request's user at the moment of each call.

    It raises StoppedError once the user may not read the page any more, or has been signed out of
    this session.
    """
    person: Any = request.user
    users = get_user_model()._base_manager.filter(pk=person.pk)
    own_ended = TrackedSession.objects.filter(
        public_id__in=own_ids(request), ended_at__isnull=False
    )

    def scope_now() -> Scope:
        user = users.first()
        scope = policy.scope_of(user) if user else Scope()
        if not scope.is_admin or scope.is_locked or own_ended.exists():
            raise StoppedError("The reader may not export any more.")
        return scope

    return scope_now


def _parts(record: Export, source: Source, scope_now: Callable[[], Scope]) -> Iterator[bytes]:
    """Yield the file in parts, and keep the record in step.

    A part's rows are counted before it leaves. The first part has at least the headings.
    """
    # The middleware that chose them has finished before the file is sent.
    language, zone = translation.get_language(), timezone.get_current_timezone()
    chunks = exporting.chunks(source, scope_now)
    before = exporting.beginning(record.format, source.columns)
    is_complete = False
    try:
        while not is_complete:
            with translation.override(language), timezone.override(zone):
                rows = next(chunks, None)
                text = exporting.lines(record.format, source.columns, rows or [])
            if rows is None:
                is_complete = True
            elif rows:
                Export.objects.filter(pk=record.pk).update(rows=F("rows") + len(rows))
            if before or text:
                yield (before + text).encode(errors="replace")
            before = ""
    finally:
        _finish(record, is_complete=is_complete)


def _finish(record: Export, *, is_complete: bool) -> None:
    Export.objects.filter(pk=record.pk).update(finished_at=timezone.now(), is_complete=is_complete)
    record.refresh_from_db(fields=["rows"])
    logger.info(
        "%s exported %s as %s: %d rows%s",
        record.actor_label,
        record.page,
        record.format,
        record.rows,
        "" if is_complete else ", interrupted",
    )


class _Started:
    """The parts of a file, the first of which has been made.

    An error in that first part is answered with a page instead of a broken file.
    """

    def __init__(self, parts: Any) -> None:
        self._parts = parts
        self._first = [next(parts, b"")]

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return self._first.pop() if self._first else next(self._parts)

    def following(self) -> bytes | None:
        """Return the next part; ``None`` after the last one."""
        return next(self, None)

    def close(self) -> None:
        """Stop and record it; called by Django when the client is gone, too."""
        self._parts.close()


class _InSteps:
    """The same parts under ASGI, where Django would otherwise read all of them first.

    Not a generator: that would be closed later, in another thread with a connection of its own.
    """

    def __init__(self, parts: _Started) -> None:
        self._following = sync_to_async(parts.following)
        self.close = parts.close

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if (part := await self._following()) is None:
            raise StopAsyncIteration
        return part
