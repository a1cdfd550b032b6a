"""The page *Your sessions*: a user's own active sessions, and signing out of them (ASVS 7.5.2)."""

from __future__ import annotations

import logging
import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST, require_safe

from sessions_admin import conf, ending, pages, policy, reauthentication
from sessions_admin.client import locations
from sessions_admin.listing.counting import Count
from sessions_admin.listing.pagination import BadCursorError, Page
from sessions_admin.models import TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.views import paging, sentences
from sessions_admin.views.access import signed_in_only
from sessions_admin.views.rows import distinguished, own_ids, say_store_is_away

logger = logging.getLogger(__name__)

CHUNK = 500
# If there are several pages, sessions are counted up to this number.
COUNTED = 500


@require_safe
@signed_in_only
def own(request: HttpRequest) -> HttpResponse:
    """Show a page of the user's sessions, with the current session first on every page."""
    notices: list[str] = []
    active = policy.own_sessions(request.user).active()
    # The request is signed in, so its own session is active and needs no check.
    current = list(active.filter(public_id__in=own_ids(request)).select_related("user"))
    others = active.exclude(pk__in=[session.pk for session in current])
    page = _page(request, others, notices)
    total = _count(request, others, page, beside=len(current))
    context = {
        "rows": distinguished(
            [{"session": s, "is_current": s in current} for s in [*current, *page.rows]]
        ),
        "count_text": sentences.count(total, filtered=False),
        "notices": notices,
        **paging.links(request, page),
        "has_others": total.number > len(current),
        "as_of": timezone.now(),
        "attribution": locations.attribution(),
    }
    return render(request, "sessions_admin/own/page.html", context)


@require_POST
@csrf_protect
@signed_in_only
def sign_out(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Sign out of another device; the current session has a button of its own."""
    session = get_object_or_404(_others(request), public_id=public_id)
    if session.ended_at:
        # It ended meanwhile, possibly by the same button in another tab.
        return _say_already_ended(request)
    if not reauthentication.is_fresh(request):
        return reauthentication.ask(request, back=pages.url(request, "own"))
    found = _others(request).open().filter(pk=session.pk)
    return _end(request, found, device=session.device_label)


@require_POST
@csrf_protect
@signed_in_only
def sign_out_others(request: HttpRequest) -> HttpResponse:
    """Sign out of all other devices."""
    if not reauthentication.is_fresh(request):
        return reauthentication.ask(request, back=pages.url(request, "own"))
    return _end(request, _others(request).open())


def _page(request: HttpRequest, sessions: TrackedSessionQuerySet, notices: list[str]) -> Page:
    try:
        position = paging.position(request)
    except BadCursorError:
        notices.append(_("That page no longer exists. These are the newest sessions."))
        position = {}
    return paging.living_page(request, sessions, size=conf.current().page_size, **position)


def _count(
    request: HttpRequest, sessions: TrackedSessionQuerySet, page: Page, *, beside: int
) -> Count:
    """Count the active sessions on all pages, up to a bound, plus ``beside`` other ones."""
    found = page.rows
    if page.newer or page.older:
        found = paging.newest_living(request, sessions, COUNTED + 1)
    return Count.upto(COUNTED + beside, len(found) + beside)


def _others(request: HttpRequest) -> TrackedSessionQuerySet:
    """Return all of the user's sessions but the current one, active or ended."""
    return policy.own_sessions(request.user).exclude(public_id__in=own_ids(request))


def _end(
    request: HttpRequest, sessions: TrackedSessionQuerySet, *, device: str = ""
) -> HttpResponse:
    """End the sessions, and redirect with a message: the number ended, or the one ``device``."""
    ended = failed = 0
    try:
        # Sessions that begin during this are not ended.
        walk = sessions.filter(created_at__lte=timezone.now()).order_by("pk")
        pks = list(walk.values_list("pk", flat=True))
        for start in range(0, len(pks), CHUNK):
            result = ending.end_each(
                pks[start : start + CHUNK], reason=TrackedSession.EndReason.SIGNED_OUT_ELSEWHERE
            )
            ended, failed = ended + result.ended, failed + result.failed
            if result.is_away:
                break
    except Exception:
        logger.exception("A person's own sessions could not be ended")
        failed += 1
    if failed:
        say_store_is_away(request)
    if device and not ended and not failed:
        return _say_already_ended(request)
    if device:
        text = _("Signed out of %(device)s.") % {"device": device}
    else:
        text = ngettext(
            "Signed out of %(n)d other device.", "Signed out of %(n)d other devices.", ended
        ) % {"n": ended}
    if ended:
        messages.success(request, text, fail_silently=True)
    return redirect(pages.url(request, "own"))


def _say_already_ended(request: HttpRequest) -> HttpResponse:
    text = _("That session was already signed out.")
    messages.info(request, text, fail_silently=True)
    return redirect(pages.url(request, "own"))
