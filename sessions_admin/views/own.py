"""The page *Your sessions*: one's own active sessions, and signing out of them (ASVS 7.5.2)."""

from __future__ import annotations

import logging
import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST, require_safe

from sessions_admin import conf, ending, policy, reauthentication, tracking
from sessions_admin.client import locations
from sessions_admin.models import TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.views.access import signed_in_only
from sessions_admin.views.rows import distinguished, living, say_store_is_away

logger = logging.getLogger(__name__)

CHUNK = 500


@require_safe
@signed_in_only
def own(request: HttpRequest) -> HttpResponse:
    """Show the newest of them, up to a page."""
    current = tracking.row_of(request.session)
    newest = policy.own_sessions(request.user).active().newest_first().select_related("user")
    found = living(request, list(newest[: conf.current().page_size]))
    context = {
        "rows": distinguished(
            [{"session": s, "is_current": str(s.public_id) == current} for s in found]
        ),
        "has_others": any(str(s.public_id) != current for s in found),
        "as_of": timezone.now(),
        "attribution": locations.attribution(),
    }
    return render(request, "sessions_admin/own/page.html", context)


@require_POST
@csrf_protect
@signed_in_only
def sign_out(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Sign out of another device; the session in use has a button of its own."""
    others = _others(request)
    session = get_object_or_404(others, public_id=public_id)
    if not reauthentication.is_fresh(request):
        return reauthentication.ask(request, back=reverse("sessions_admin:own"))
    return _end(request, others.filter(pk=session.pk), device=session.device_label)


@require_POST
@csrf_protect
@signed_in_only
def sign_out_others(request: HttpRequest) -> HttpResponse:
    """Sign out of all other devices."""
    if not reauthentication.is_fresh(request):
        return reauthentication.ask(request, back=reverse("sessions_admin:own"))
    return _end(request, _others(request))


def _others(request: HttpRequest) -> TrackedSessionQuerySet:
    current = tracking.row_of(request.session)
    open_rows = policy.own_sessions(request.user).filter(ended_at=None)
    return open_rows.exclude(public_id__in=[current] if current else [])


def _end(
    request: HttpRequest, sessions: TrackedSessionQuerySet, *, device: str = ""
) -> HttpResponse:
    """End the sessions and say how many; the message names the ``device`` if there is just one."""
    ended = failed = 0
    try:
        # Later sign-ins are spared.
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
    if device:
        text = _("Signed out of %(device)s.") % {"device": device}
    else:
        text = ngettext(
            "Signed out of %(n)d other device.", "Signed out of %(n)d other devices.", ended
        ) % {"n": ended}
    if ended:
        messages.success(request, text, fail_silently=True)
    return redirect("sessions_admin:own")
