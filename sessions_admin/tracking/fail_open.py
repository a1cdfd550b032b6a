"""Keep errors of tracking from breaking the request."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

logger = logging.getLogger(__name__)

P = ParamSpec("P")


def failing_open(what: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Decorate a function so that its errors are logged under the sentence ``what``."""

    def decorated(step: Callable[P, None]) -> Callable[P, None]:
        @wraps(step)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                step(*args, **kwargs)
            except Exception:
                logger.exception(what)

        return guarded

    return decorated
