"""Remembers, in this process, which rows were written to lately.

Only a hint that saves statements: each statement asks itself whether it is due.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sessions_admin import conf

LIMIT = 100_000

_next: dict[str, datetime] = {}


def is_due(row: str, now: datetime) -> bool:
    """Whether this row may be due for a write, which counts as written from now on."""
    later = now + timedelta(seconds=conf.current().activity_interval)
    # What is due later than that was noted before the clock was set back.
    if now < _next.get(row, now) <= later:
        return False
    if len(_next) >= LIMIT:
        _next.clear()
    _next[row] = later
    return True


def forget() -> None:
    """Forget all rows, as a new process would."""
    _next.clear()
