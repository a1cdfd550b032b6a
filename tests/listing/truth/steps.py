"""The steps that make up a history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from hypothesis import strategies as st

ENTRANCES = {
    "web": "/accounts/login/",
    "management": "/account-management/login/",
    "django admin": "/admin/login/?next=/",
    "mobile": "/api/mobile/sign-in/",
    "host": "/host/sign-in/",
}
EXITS = {
    "web": "/accounts/logout/",
    "mobile": "/api/mobile/sign-out/",
    "django admin": "/admin/logout/",
}
VISITS = {
    "reads": "/",
    "changes the session": "/host/note/",
    "rotates the key": "/host/rotate/",
    "looks at nothing": "/host/quiet/",
    "fails": "/host/fail/",
    "forgets the session": "/host/flush/",
    "empties the session": "/host/clear/",
}
UNSEEN_VISITS = {"looks at nothing", "fails"}
PEOPLE = st.integers(0, 2)
BROWSERS = st.integers(0, 3)
ADMINS = st.sampled_from(["operator", "account admin"])
LIVES = st.sampled_from([100, 30 * 86_400, 0])
PAUSES = st.sampled_from([timedelta(minutes=11), timedelta(days=8), timedelta(days=15)])
WAYS = st.sampled_from(["saved", "updated"])


class Step(NamedTuple):
    """One step: a method of the history, and its arguments."""

    name: str
    values: dict[str, Any]

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v!r}' for k, v in self.values.items())})"


# One rule for all steps: hypothesis leaves many rules out of any one history, and there are few
# histories.
STEPS: list[st.SearchStrategy[Step]] = []


def step(weight: int = 1, **values: st.SearchStrategy[Any]) -> Callable[[Any], Any]:
    def add(method: Any) -> Any:
        make = partial(Step, method.__name__)
        STEPS.extend(st.fixed_dictionaries(values).map(make) for _ in range(weight))
        return method

    return add
