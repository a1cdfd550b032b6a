"""Why this browser's session ended, as JSON, for pages that are built by scripts."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe


@login_not_required
@require_safe
@cache_control(no_store=True)
def ended_session(request: HttpRequest) -> JsonResponse:
    """Answer once with the reason, the moment and a sentence; then, and otherwise, with null.

    Needs no sign-in: the proof is the cookie of the ended session, or the one set with its refusal.
    """
    # A HEAD request shows nobody anything, so it does not use up the notice.
    ended: Any = getattr(request, "ended_session", None) if request.method == "GET" else None
    found = None
    if ended:
        ended_at = ended.ended_at.isoformat()
        found = {"reason": ended.reason, "ended_at": ended_at, "message": str(ended)}
    return JsonResponse({"ended_session": found})
