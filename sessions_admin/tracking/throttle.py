"""Remember, in this process, which rows were written recently.

This only saves statements; each statement has its own condition on when the row was last written.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sessions_admin import conf

LIMIT = 100_000

_next: dict[str, datetime] = {}


def is_due(row: str, now: datetime) -> bool:
    """Whether this row may be due for a write. If so, it counts as written from now on."""
    later = now + timedelta(seconds=conf.current().activity_interval)
    # A due time beyond ``later`` was stored before the clock was set back.
    if now < _next.get(row, now) <= later:
        return False
    if len(_next) >= LIMIT:
        _next.clear()
    _next[row] = later
    return True


def is_new(row: str) -> bool:
    """Whether this process has not written this row yet, as far as it remembers."""
    return row not in _next


def forget() -> None:
    """Forget all rows, as a new process would."""
    _next.clear()
