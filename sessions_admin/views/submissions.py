"""Second submissions of a form that terminates: by a double click, or on a slow line.

The form carries an id, which becomes that of the termination. A second submission finds the first
one's termination by it, and gets the same answer.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import timedelta

from django.db import IntegrityError
from django.http import HttpRequest
from django.utils import timezone

from sessions_admin.models import Termination

# Later, a form that is gone back to and submitted means the sessions that are active by then.
SAME = timedelta(minutes=1)
PATIENCE = timedelta(seconds=2)


def new_id() -> str:
    """Return the id for a form, as a string."""
    return str(uuid.uuid4())


def once(request: HttpRequest, act: Callable[[uuid.UUID | None], Termination]) -> Termination:
    """Return the termination of an earlier submission of this form, or else that of ``act``.

    ``act`` gets the id for the termination. What failed in part is tried again, under another id.
    """
    public_id = _id_of(request)
    if public_id is None:
        return act(None)
    if (earlier := _earlier(request, public_id)) is not None:
        return earlier
    is_taken = Termination.objects.filter(public_id=public_id).exists()
    try:
        return act(None if is_taken else public_id)
    except IntegrityError:
        # The other submission was a moment earlier.
        if (earlier := _earlier(request, public_id)) is None:
            raise
        return earlier


def _id_of(request: HttpRequest) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.POST.get("submission", ""))
    except ValueError:
        return None


def _earlier(request: HttpRequest, public_id: uuid.UUID) -> Termination | None:
    own = Termination.objects.filter(
        public_id=public_id, actor=request.user.pk, created_at__gt=timezone.now() - SAME, failed=0
    )
    deadline = time.monotonic() + PATIENCE.total_seconds()
    while found := own.first():
        # Nothing is counted as long as the other request is at it.
        if found.requested or not found.is_finished or time.monotonic() > deadline:
            return found
        time.sleep(0.1)
    return None
