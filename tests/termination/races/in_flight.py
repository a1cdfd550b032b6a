"""Requests in flight, the places where they pause, and what they do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import connections

from accounts.models import User
from sessions_admin import engines
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import throttle
from tests.support.browsing import LIST, Browser, listed
from tests.support.factories import PASSWORD
from tests.support.servers import PATIENCE

NEW_PASSWORD = "a-quite-different-9"
Send = Callable[[Browser], Any]


class Stop:
    """A place where one thread waits for `go`, before a call of a function."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, saving=False):
        self.thread: threading.Thread | None = None
        self.reached, self.go = threading.Event(), threading.Event()
        self._may_stop = not saving
        if saving:
            self._around(monkeypatch, SessionMiddleware, "process_response", self._start_saving)
        self._around(monkeypatch, owner, name, self._wait)

    def _around(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, step: Any) -> None:
        original = getattr(owner, name)

        def stopping(*args: Any, **kwargs: Any) -> Any:
            if threading.current_thread() is self.thread:
                step(args)
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, stopping)

    def _start_saving(self, args: tuple[Any, ...]) -> None:
        self._may_stop = True

    def _wait(self, args: tuple[Any, ...]) -> None:
        # The cache also holds refused keys, which do not count.
        other_entry = len(args) > 1 and str(args[1]).startswith(engines.base.REFUSED_PREFIX)
        if self._may_stop and not other_entry and not self.reached.is_set():
            self.reached.set()
            assert self.go.wait(PATIENCE)


class InFlight(threading.Thread):
    """A browser's request in a thread of its own."""

    def __init__(self, send: Send, browser: Browser, stop: Stop | None = None) -> None:
        super().__init__(daemon=True)
        # A separate browser with the same cookies, because later changes must not affect the
        # request.
        self._browser = Browser()
        self._browser.cookies["sessionid"] = browser.key
        self._send, self._stop_at = send, stop
        self.answer: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.answer = self._send(self._browser)
        except BaseException as error:
            self.error = error
        finally:
            connections.close_all()

    def sent(self) -> InFlight:
        """Start the request, and wait until it has reached its stop, if it has one."""
        if self._stop_at:
            self._stop_at.thread = self
        self.start()
        if self._stop_at:
            assert self._stop_at.reached.wait(PATIENCE), (
                f"never stopped: {self.answer} {self.error}"
            )
        return self

    def finish(self) -> Any:
        if self._stop_at:
            self._stop_at.go.set()
        self.join(PATIENCE)
        assert not self.is_alive()
        if self.error:
            raise self.error
        return self.answer

    @property
    def keys(self) -> list[str]:
        """The session keys that the answer handed out."""
        cookie = self.answer.cookies.get("sessionid")
        return [cookie.value] if cookie and cookie.value else []


def me(browser: Browser) -> Any:
    return browser.get("/api/mobile/me/")


def note(browser: Browser) -> Any:
    return browser.get("/racing/note/")


def rotate(browser: Browser) -> Any:
    return browser.get("/racing/rotate/")


def change_password(browser: Browser) -> Any:
    new = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    return browser.post("/accounts/password_change/", {"old_password": PASSWORD, **new})


def sign_out(browser: Browser) -> Any:
    return browser.post("/accounts/logout/")


def sign_in_as(user: User) -> Send:
    fields = {"username": user.email, "password": PASSWORD}
    return lambda browser: browser.post("/accounts/login/", fields)


def rows_of(user: User) -> list[str]:
    ids = TrackedSession.objects.filter(user=user).values_list("public_id", flat=True)
    return [str(public_id) for public_id in ids]


def terminate(admin: Browser, user: User) -> None:
    """Terminate this person's active sessions on the page, one by one."""
    open_rows = TrackedSession.objects.filter(user=user, ended_at=None)
    for public_id in list(open_rows.values_list("public_id", flat=True)):
        answer = admin.post(f"{LIST}{public_id}/terminate/")
        # Not to the page that asks for a password.
        assert (answer.status_code, answer.url) == (302, LIST)


def is_signed_in(key: str) -> bool:
    """Whether a new browser with this key is signed in."""
    browser = Browser()
    browser.cookies["sessionid"] = key
    return browser.is_signed_in()


def assert_ended(admin: Browser, user: User, keys: Iterable[str]) -> None:
    """Check that no session of this person is listed, and no key is accepted, now or later."""
    keys = list(dict.fromkeys(keys))
    assert not set(listed(admin)) & set(rows_of(user))
    assert [key for key in keys if is_signed_in(key)] == []
    throttle.forget()
    assert [key for key in keys if is_signed_in(key)] == []
    assert not set(listed(admin)) & set(rows_of(user))


ROTATIONS = {"cycle_key": rotate, "password": change_password, "secret": me}
ROTATING = [
    "before rotating",
    "old key not deleted yet",
    "before tracking",
    "before saving",
    "inside save",
]
