"""Everybody's own active sessions: to see them, and to end those on other devices (ASVS 7.5.2)."""

from __future__ import annotations

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

from sessions_admin import conf, endings, liveness, policy, step_up, tracking
from sessions_admin.client import locations
from sessions_admin.models import TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.views import signed_in_only, told_apart

CHUNK = 500


@require_safe
@signed_in_only
def own(request: HttpRequest) -> HttpResponse:
    """The newest of them; more than a page full is nobody's, or somebody's to end all of."""
    current = tracking.row_of(request.session)
    newest = policy.own_sessions(request.user).active().newest_first().select_related("user")
    try:
        found = liveness.signed_in(list(newest[: conf.current().page_size]))
    except liveness.StoreUnavailableError:
        _say_the_store_is_away(request)
        found = []
    context = {
        "rows": told_apart(
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
def end_own(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """End one of them; the one in use is signed out of, not ended here."""
    others = _others(request)
    session = get_object_or_404(others, public_id=public_id)
    if not step_up.is_fresh(request):
        return step_up.ask(request, back=reverse("sessions_admin:own"))
    return _end(request, others.filter(pk=session.pk))


@require_POST
@csrf_protect
@signed_in_only
def end_others(request: HttpRequest) -> HttpResponse:
    """End all of them but the one in use."""
    if not step_up.is_fresh(request):
        return step_up.ask(request, back=reverse("sessions_admin:own"))
    return _end(request, _others(request))


def _others(request: HttpRequest) -> TrackedSessionQuerySet:
    current = tracking.row_of(request.session)
    open_rows = policy.own_sessions(request.user).filter(ended_at=None)
    return open_rows.exclude(public_id__in=[current] if current else [])


def _end(request: HttpRequest, sessions: TrackedSessionQuerySet) -> HttpResponse:
    ended = 0
    try:
        # Each round takes what is still open; who signs in meanwhile was not meant.
        sessions = sessions.filter(created_at__lte=timezone.now())
        while pks := list(sessions.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
            chunk = TrackedSession.objects.filter(pk__in=pks)
            ended += endings.end(chunk, reason=TrackedSession.EndReason.SIGNED_OUT_ELSEWHERE)[0]
    except Exception:
        endings.logger.exception("A person's own sessions could not be ended")
        _say_the_store_is_away(request)
    text = ngettext(
        "%(n)d other session of yours ended.", "%(n)d other sessions of yours ended.", ended
    )
    if ended:
        messages.success(request, text % {"n": ended}, fail_silently=True)
    return redirect("sessions_admin:own")


def _say_the_store_is_away(request: HttpRequest) -> None:
    text = _("The session store does not answer at the moment. Try again in a minute.")
    messages.error(request, text, fail_silently=True)
