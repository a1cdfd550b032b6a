"""Apply an operation to many items, so that items that fail do not affect the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from django.db import OperationalError

from sessions_admin import engines

T = TypeVar("T")

# In a deadlock the database fails one of the transactions, which can be retried.
TRIES = 3
# After this many failures in a row, or this much time, failing parts are no longer split up.
FAILURES_IN_A_ROW = 5
SECONDS = 10.0


@dataclass
class Failures(Generic[T]):
    """The items that failed and the last error; ``is_away`` if the store does not answer."""

    of: list[T] = field(default_factory=list)
    error: Exception | None = None
    is_away: bool = False


def isolated(each: Sequence[T], act: Callable[[Sequence[T]], object]) -> Failures[T]:
    """Call ``act`` with all items; if that raises, with each half, and so on down to single items.

    ``act`` must process its items completely or not at all.
    """
    parts, failures = [each], Failures[T]()
    in_a_row, deadline = 0, time.monotonic() + SECONDS
    while parts:
        part = parts.pop()
        error = _error_of(act, part)
        if error is None:
            in_a_row = 0
            continue
        is_first, failures.error = failures.error is None, error
        if engines.is_away(error) or (is_first and not engines.current().answers()):
            failures.is_away = True
            failures.of += [one for some in (part, *parts) for one in some]
            break
        if len(part) > 1 and in_a_row < FAILURES_IN_A_ROW and time.monotonic() < deadline:
            middle = len(part) // 2
            parts += [part[middle:], part[:middle]]
        else:
            failures.of += part
            in_a_row += 1
    return failures


def _error_of(act: Callable[[Sequence[T]], object], part: Sequence[T]) -> Exception | None:
    for tries_left in reversed(range(TRIES)):
        try:
            act(part)
        except Exception as error:
            if not tries_left or not isinstance(error, OperationalError):
                return error
        else:
            return None
    return None
