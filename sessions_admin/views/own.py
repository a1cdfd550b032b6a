"""The pages *Your sessions*: a user's own active sessions, and signing out of them (ASVS 7.5.2)."""

from __future__ import annotations

import logging
import uuid

from django.contrib import messages
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions_admin import bidi, conf, ending, flags, pages, policy, reauthentication
from sessions_admin.client import locations, printable
from sessions_admin.listing.counting import Count
from sessions_admin.listing.pagination import BadCursorError, Page
from sessions_admin.models import DEVICE_NAME_LENGTH, TrackedSession
from sessions_admin.moments import ago
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.views import paging, partials, sentences
from sessions_admin.views.access import signed_in_only
from sessions_admin.views.rows import (
    distinguished,
    is_current,
    living,
    own_ids,
    own_label,
    say_store_is_away,
)

logger = logging.getLogger(__name__)

CHUNK = 500
# The message after signing out of up to this many devices names each.
NAMED = 5
# The question before signing out of all others shows this many of them.
SAMPLE = 10
# If there are several pages, sessions are counted up to this number.
COUNTED = 500


@require_safe
@signed_in_only
def own(request: HttpRequest) -> HttpResponse:
    """Show a page of the user's sessions, with the current session first on every page."""
    notices: list[str] = []
    active = policy.own_sessions(request.user).active()
    # The request is signed in, so its own session is active and needs no check.
    mine = active.filter(public_id__in=own_ids(request))
    current = list(mine.select_related("user").with_active_count())
    others = active.exclude(pk__in=[session.pk for session in current])
    page = _page(request, others, notices)
    total = _count(request, others, page, beside=len(current))
    context = {
        "rows": distinguished(
            [
                {
                    "session": s,
                    "is_current": s in current,
                    "own_label": own_label(s),
                    "own_flags": flags.raised(s, to_oneself=True),
                }
                for s in [*current, *page.rows]
            ]
        ),
        "count_text": sentences.count(total, filtered=False),
        "notices": notices,
        **paging.links(request, page),
        "viewer": request.user.pk,
        "has_others": total.number > len(current),
        "as_of": timezone.now(),
        "attribution": locations.attribution(),
        "password_change_url": _password_change_url(),
    }
    return render(request, "sessions_admin/own/page.html", context)


@require_safe
@signed_in_only
def details(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show everything known about one of the user's active sessions, and a form to name it."""
    own_sessions = policy.own_sessions(request.user).select_related("user").with_active_count()
    session = get_object_or_404(own_sessions, public_id=public_id)
    if session.ended_at or not living(request, [session]):
        return _say_already_ended(request)
    now = session.now
    context = {
        "session": session,
        "own_flags": flags.raised(session, to_oneself=True),
        "is_current": is_current(request, session),
        "now": now,
        "earlier": [origin for origin in session.elsewhere if origin != now],
        "signed_in_ago": ago(session.created_at),
        "name_length": DEVICE_NAME_LENGTH,
        "attribution": locations.attribution(),
    }
    return render(request, "sessions_admin/own/details.html", context)


@require_POST
@csrf_protect
@signed_in_only
def name_device(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Store the name that the user gives to the device of one of their active sessions."""
    session = get_object_or_404(policy.own_sessions(request.user), public_id=public_id)
    name = printable(request.POST.get("device_name", ""), DEVICE_NAME_LENGTH)
    if not policy.own_sessions(request.user).open().filter(pk=session.pk).update(device_name=name):
        return _say_already_ended(request)
    text = _("Device name saved.") if name else _("Device name removed.")
    messages.success(request, text, fail_silently=True)
    return redirect(pages.url(request, "own_detail", public_id=public_id))


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
    return _end(request, found, is_one=True)


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@signed_in_only
@reauthentication.required
def sign_out_others(request: HttpRequest) -> HttpResponse:
    """Ask for confirmation on GET; sign out of all other devices on POST."""
    others = _others(request)
    if request.method == "POST":
        return _end(request, others.open())
    found = paging.newest_living(request, others.active(), COUNTED + 1)
    if not found:
        # The store may be away instead, which has been said.
        if not get_messages(request):
            _say_no_others(request)
        return redirect(pages.url(request, "own"))
    count = Count.upto(COUNTED, len(found))
    context = {
        "n": count.number,
        "count_text": sentences.number(count),
        "devices": [{"session": s, "own_label": own_label(s)} for s in found[:SAMPLE]],
        "more_text": sentences.number(Count(count.number - SAMPLE, is_more=count.is_more))
        if len(found) > SAMPLE
        else "",
        "cancel_url": pages.url(request, "own"),
    }
    return partials.page_or_dialog(request, "sign_out_others", context)


def _password_change_url() -> str:
    """Return the URL of the project's page for changing one's password; empty if it has none."""
    try:
        return resolve_url(conf.current().password_change_url or "password_change")
    except NoReverseMatch:
        return ""


def _page(request: HttpRequest, sessions: TrackedSessionQuerySet, notices: list[str]) -> Page:
    try:
        position = paging.position(request)
    except BadCursorError:
        notices.append(_("That page is gone. Showing the newest sessions."))
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
    request: HttpRequest, sessions: TrackedSessionQuerySet, *, is_one: bool = False
) -> HttpResponse:
    """End the sessions, and redirect with a message that names their devices."""
    ended = failed = 0
    devices: list[str] = []
    pks: list[int] = []
    try:
        # Sessions that begin during this are not ended.
        walk = sessions.order_by("pk")
        devices = [own_label(session) for session in walk[:NAMED]]
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
    if not ended and not failed:
        if is_one:
            return _say_already_ended(request)
        # A second submission, or the same button in another tab.
        _say_no_others(request)
        return redirect(pages.url(request, "own"))
    # If some had already ended, it is not known which, so none are named.
    if ended and ended == len(pks) <= NAMED:
        text = _("Signed out of %(devices)s.") % {"devices": bidi.phrases(devices, _("and"))}
        messages.success(request, text, fail_silently=True)
    elif ended:
        text = ngettext(
            "Signed out of %(n)d other device.", "Signed out of %(n)d other devices.", ended
        ) % {"n": ended}
        messages.success(request, text, fail_silently=True)
    return redirect(pages.url(request, "own"))


def _say_no_others(request: HttpRequest) -> None:
    text = _("You're not signed in on any other device.")
    messages.info(request, text, fail_silently=True)


def _say_already_ended(request: HttpRequest) -> HttpResponse:
    text = _("That session was already signed out.")
    messages.info(request, text, fail_silently=True)
    return redirect(pages.url(request, "own"))
