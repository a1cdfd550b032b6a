"""Faults that several tests use."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_admin.models import TrackedSession
from tests.support.browsing import Browser, listed

NOWHERE = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": "redis://127.0.0.1:1/0",
}
TABLE = TrackedSession._meta.db_table


@contextmanager
def later(**delta: float) -> Iterator[None]:
    """Move all of the server's clocks forwards or backwards by this much."""
    ahead = timedelta(**delta)
    now, seconds = timezone.now, time.time
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: now() + ahead)
        patch.setattr(time, "time", lambda: seconds() + ahead.total_seconds())
        yield


def list_is_the_truth(admin: Browser, *members: Browser) -> None:
    """Check that the page lists exactly the members whose next request is signed in."""
    shown = listed(admin)
    for member in members:
        row = TrackedSession.objects.get(user_agent=member.defaults["HTTP_USER_AGENT"])
        assert (str(row.public_id) in shown) == member.is_signed_in()
