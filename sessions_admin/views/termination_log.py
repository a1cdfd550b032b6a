"""The termination log: who ended which sessions, with what result. Read-only."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, router, transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from sessions_admin import conf, flags, reauthentication, resolvers
from sessions_admin.client import countries
from sessions_admin.listing.counting import FLAGGED, grouped
from sessions_admin.listing.counting import Count as Number
from sessions_admin.listing.pagination import BadCursorError, Page, page_of
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.views import paging
from sessions_admin.views.access import admins_only
from sessions_admin.views.rows import shown as shown_to

logger = logging.getLogger(__name__)

ALARMS_SHOWN = 20


@dataclass(frozen=True)
class Entry:
    """A termination as one user may see it: the whole, or the part about their accounts."""

    termination: Termination
    is_whole: bool
    ended: int
    reuse_count: int
    unseen_count: int = 0

    @property
    def scope(self) -> str:
        return (
            self.termination.scope
            if self.is_whole
            else _("Sessions in several accounts, including yours")
        )

    @property
    def result(self) -> str:
        """How many sessions ended, and how many did not."""
        text = ngettext("%(n)s terminated", "%(n)s terminated", self.ended)
        text = text % {"n": grouped(self.ended)}
        if not self.is_whole:
            return text
        parts = [text]
        if gone := self.termination.already_gone:
            already = ngettext("%(n)s had already ended", "%(n)s had already ended", gone)
            parts.append(already % {"n": grouped(gone)})
        if failed := self.termination.failed:
            did_not = ngettext(
                "%(n)s could not be terminated", "%(n)s could not be terminated", failed
            )
            parts.append(did_not % {"n": grouped(failed)})
        if not self.termination.is_finished:
            parts.append(_("in progress"))
        return ", ".join(parts)


@require_safe
@admins_only
@reauthentication.required
def log(request: HttpRequest, scope: Scope) -> HttpResponse:
    notices: list[str] = []
    page = _page(request, scope.terminations(request.user), notices)
    entries, unseen_alarms = _entries(request, scope, page.rows)
    context = {
        "entries": entries,
        "unseen_alarms": unseen_alarms,
        "notices": notices,
        **paging.links(request, page),
    }
    return render(request, "sessions_admin/termination_log/page.html", context)


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
    page = _page(request, sessions, notices)
    alarms = list(sessions.reused_elsewhere().order_by("-reused_at")[:ALARMS_SHOWN])
    if request.method == "GET" and any(alarm.reuse_seen_at is None for alarm in alarms):
        _mark_as_seen(sessions)
    (shown,), unseen_alarms = _entries(request, scope, [found])
    context = {
        "entry": shown,
        "termination": found,
        "unseen_alarms": unseen_alarms,
        "filter_lines": _filter_lines(found, page.rows) if shown.is_whole else [],
        "alarms": [shown_to(scope, session) for session in alarms],
        "sessions": [shown_to(scope, session) for session in page.rows],
        "notices": notices,
        **paging.links(request, page),
    }
    return render(request, "sessions_admin/termination_log/entry.html", context)


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


def _entries(
    request: HttpRequest, scope: Scope, found: list[Termination]
) -> tuple[list[Entry], Number]:
    """Return the entries, and how many alarms of the scope nobody has looked at yet."""
    whole = {each.pk: scope.has_whole(each, request.user) for each in found}
    parts = [each.pk for each in found if not whole[each.pk]]
    sessions = scope.inside()
    ended = _counts(sessions, parts)
    reused, unseen = _reuse(sessions, list(whole))
    entries = [
        Entry(
            termination=each,
            is_whole=whole[each.pk],
            ended=each.ended if whole[each.pk] else ended.get(each.pk, 0),
            reuse_count=reused.get(each.pk, 0),
            unseen_count=unseen.get(each.pk, 0),
        )
        for each in found
    ]
    return entries, Number.upto(FLAGGED, sum(unseen.values()))


def _reuse(
    sessions: TrackedSessionQuerySet, pks: list[int]
) -> tuple[dict[int, int], dict[int, int]]:
    """Return how many of the sessions were reused, and how many unseen, by their termination.

    The first is about these terminations, the second about all, for the navigation.
    """
    unseen = Q(reuse_seen_at=None)
    rows = sessions.reused_elsewhere().filter(Q(termination__in=pks) | unseen)
    pairs = rows.filter(termination__isnull=False).order_by().values_list("termination")
    found = list(pairs.annotate(reused=Count("pk"), unseen=Count("pk", filter=unseen)))
    return {pk: reused for pk, reused, _ in found}, {pk: new for pk, _, new in found if new}


def _counts(sessions: TrackedSessionQuerySet, pks: list[int]) -> dict[int, int]:
    """Return how many of the sessions belong to each of these terminations."""
    if not pks:
        return {}
    pairs = sessions.filter(termination__in=pks).order_by().values_list("termination")
    return dict(pairs.annotate(Count("pk")))


def _filter_lines(found: Termination, sessions: list[TrackedSession]) -> list[tuple[str, str]]:
    """Return the filters in words, with names where these are still known, else with ids."""
    given: dict[str, Any] = found.filters
    names = ("account", "user", "application", "country")
    account, user, application, country = (given.get(name) for name in names)
    chosen = [
        str(flags.BY_ID[flag].label) if flag in flags.BY_ID else flag
        for flag in given.get("flag") or ()
    ]
    # With these filters, all sessions of the termination have the same user or account.
    first = sessions[0] if sessions else None
    lines = [
        (_("Search"), given.get("q")),
        (_("Account"), account and (first.account_name if first else account)),
        (_("User"), user and (first.user_label if first else user)),
        (_("Application"), application and resolvers.application_name(application)),
        (_("Country"), countries.name(country, country) if country else ""),
        (_("Flag"), get_text_list(chosen, _("or"))),
    ]
    return [(label, value) for label, value in lines if value]


def _page(request: HttpRequest, rows: QuerySet[Any], notices: list[str]) -> Page:
    size = conf.current().page_size
    try:
        return page_of(rows, size=size, **paging.position(request))
    except BadCursorError:
        notices.append(_("That page is gone. Showing the first page."))
        return page_of(rows, size=size)
