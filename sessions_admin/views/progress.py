"""The page that shows the progress of a bulk termination."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from sessions_admin import pages
from sessions_admin.policy import Scope
from sessions_admin.termination import bulk
from sessions_admin.views import addresses, responses, sentences
from sessions_admin.views.access import admins_only
from sessions_admin.views.rows import own_ids

REFRESH_SECONDS = 2


@transaction.non_atomic_requests
@require_safe
@admins_only
def progress(request: HttpRequest, scope: Scope, public_id: uuid.UUID) -> HttpResponse:
    """Show the progress, reloading until the end; the last step ends the actor's own session."""
    termination = get_object_or_404(scope.terminations(request.user), public_id=public_id)
    if not scope.has_whole(termination, request.user):
        raise Http404
    if str(termination.last_session) in own_ids(request):
        if bulk.waits_for_own(termination):
            bulk.finish(termination)
        if termination.is_finished:
            # Perhaps by another worker, after the middleware had loaded this session.
            return responses.terminated(request, scope, termination)
    if not termination.is_finished:
        bulk.look_after(termination)
    context = {
        "termination": termination,
        "total": termination.expected or termination.requested,
        "result": sentences.result(termination),
        "entry_url": pages.url(request, "termination_log_entry", public_id=termination.public_id),
        "list_url": addresses.with_filters(request, pages.url(request, "list")),
    }
    response = render(request, "sessions_admin/progress/page.html", context)
    if not termination.is_finished:
        # All browsers support this header, and the project's own templates cannot omit it.
        response["Refresh"] = str(REFRESH_SECONDS)
    return response
