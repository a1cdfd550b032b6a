"""The termination log: who ended which sessions, with what result. Read-only."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from django.db import DatabaseError, router, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from sessions_admin import pages, reauthentication, resolvers
from sessions_admin.listing import counting
from sessions_admin.listing.counting import Count
from sessions_admin.listing.filters import may_be_searched
from sessions_admin.listing.log_filters import LogForm
from sessions_admin.listing.pagination import NEWEST_FIRST, Page
from sessions_admin.listing.parts import Part
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.termination import actions
from sessions_admin.views import addresses, export_records, filter_bar, paging, partials, sentences
from sessions_admin.views.access import admins_only
from sessions_admin.views.log_entries import Entry, entries_and_alarms
from sessions_admin.views.rows import shown as shown_to

logger = logging.getLogger(__name__)

ALARMS_SHOWN = 20


@require_safe
@admins_only
@reauthentication.required
def log(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = LogForm(request.GET, scope=scope, user=request.user)
    notices = form.notices
    page = paging.page_or_first(request, form.narrowed(scope.terminations(request.user)), notices)
    entries, unseen_alarms = entries_and_alarms(scope, request.user, page.rows)
    is_start = not (form.is_narrowing or page.newer)
    exports = export_records.newest(scope, request.user) if is_start else []
    context = {
        "form": form,
        "rows": [_row(request, form, entry) for entry in entries],
        "entries": entries,
        "count_text": sentences.entries(len(entries), are_all=not (page.newer or page.older)),
        "chips": [
            {"label": label, "value": value, "url": _address(request, form, without=name)}
            for name, label, value in form.in_words()
        ],
        "clear_url": request.path,
        "filters_number": filter_bar.number_of(form.in_words()),
        "unseen_alarms": unseen_alarms,
        "notices": notices,
        "export_url": addresses.address(pages.url(request, "export_log"), form.query()),
        "exports": exports,
        **paging.links(request, page, kept=form.query()),
    }
    response = render(request, "sessions_admin/termination_log/page.html", context)
    if partials.wanted(request):
        # htmx takes its part of the page, and the URL without the filters that are empty.
        address = addresses.address(request.path, form.query())
        partials.show_address(request, response, address)
    return response


@require_safe
@admins_only
@reauthentication.required
def entry(request: HttpRequest, scope: Scope, public_id: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(scope.terminations(request.user), public_id=public_id)
    # A whole entry includes the sessions of the accounts' admins in other accounts.
    is_whole = scope.has_whole(found, request.user)
    sessions = scope.sessions() if is_whole else scope.inside()
    sessions = sessions.filter(termination=found).select_related("user")
    notices: list[str] = []
    page = paging.page_or_first(request, sessions, notices)
    alarms = list(sessions.reused_elsewhere().order_by("-reused_at")[:ALARMS_SHOWN])
    if request.method == "GET" and any(alarm.reuse_seen_at is None for alarm in alarms):
        _mark_as_seen(sessions)
    (shown,), unseen_alarms = entries_and_alarms(scope, request.user, [found])
    context = {
        "entry": shown,
        "termination": found,
        "unseen_alarms": unseen_alarms,
        "filter_lines": _filter_lines(scope, found, page.rows) if shown.is_whole else [],
        "alarms": [
            {
                "session": shown_to(scope, session),
                "steps": resolvers.next_steps(request, session.user),
            }
            for session in alarms
        ],
        "rows": [_session_row(request, scope, session) for session in page.rows],
        "over": [_session_row(request, scope, session) for session in _over_before(scope, shown)],
        "range_text": _positions(page, sessions),
        "notices": notices,
        **paging.links(request, page),
    }
    return render(request, "sessions_admin/termination_log/entry.html", context)


def _over_before(scope: Scope, entry: Entry) -> TrackedSessionQuerySet:
    """Return the sessions that an entry names and that had ended in another way before."""
    found = entry.termination
    ids = actions.sessions_of(found) if entry.is_whole and found.already_gone else []
    if not ids:
        return TrackedSession.objects.none()
    over = scope.sessions().over().filter(public_id__in=ids).exclude(termination=found)
    if found.failed:
        # Those that could not be terminated may have ended since.
        over = over.filter(ended_at__lte=found.created_at)
    return over.select_related("user")


def _positions(page: Page, sessions: TrackedSessionQuerySet) -> str:
    """Say which sessions of an entry the page shows, if it does not show all."""
    if not (page.newer or page.older):
        return ""
    before = Count(0)
    if page.newer:
        before = counting.count_before([Part(sessions)], page.newer, NEWEST_FIRST)
    # Some may have been deleted since, so the number in the record does not say it.
    total = counting.up_to(counting.FOUND, sessions)
    return sentences.positions(before, len(page.rows), total)


def _row(request: HttpRequest, form: LogForm, entry: Entry) -> dict[str, Any]:
    """Return an entry with the link to those of its admin, unless only they are shown."""
    admin = entry.termination.actor_label
    query = form.query(without=["admin"])
    query["admin"] = admin
    is_needed = may_be_searched(admin) and form.data.get("admin") != admin
    return {
        "entry": entry,
        "admin_url": addresses.address(request.path, query) if is_needed else "",
    }


def _session_row(request: HttpRequest, scope: Scope, session: TrackedSession) -> dict[str, Any]:
    """Return a session of an entry with the links to its login record and to those of its user."""
    detail = pages.url(request, "detail", public_id=session.public_id)
    return {
        "session": shown_to(scope, session),
        "detail_url": f"{detail}?of={addresses.RECORDS}",
        "records_url": addresses.records_of_user(request, session),
    }


def _address(request: HttpRequest, form: LogForm, *, without: str) -> str:
    return addresses.address(request.path, form.query(without=[without]))


def _mark_as_seen(sessions: TrackedSessionQuerySet) -> None:
    """Note that somebody who may see these sessions has looked at their reuse.

    The page is shown even if the database accepts no changes.
    """
    unseen = TrackedSession.objects.filter(pk__in=sessions.unseen_reuse().order_by().values("pk"))
    try:
        with transaction.atomic(using=router.db_for_write(TrackedSession)):
            unseen.update(reuse_seen_at=timezone.now())
    except DatabaseError:
        logger.exception("An alarm could not be marked as seen")


def _filter_lines(
    scope: Scope, found: Termination, sessions: list[TrackedSession]
) -> list[tuple[str, str]]:
    """Return the filters in words, with names as of now or as of then, else with ids."""
    given: dict[str, Any] = found.filters | actions.names_of(found)
    accounts = {each.account_id: each.account_name for each in sessions}
    accounts |= {each.id: each.name for each in scope.accounts}
    if account := accounts.get(str(found.filters.get("account") or None)):
        given["account"] = account
    # With a filter by user, all sessions of the termination have the same user.
    if given.get("user") and sessions:
        given["user"] = sessions[0].user_label
    return list(actions.in_words(given))
