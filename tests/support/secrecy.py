"""Watches everything that leaves the site during the tests for session keys.

It remembers every key that a session store creates during a test. Then it searches the bodies,
headers and cookies of all answers (except the session cookie, where a key belongs), log records
with their tracebacks, mail, and everything saved in the database outside a session's own columns.
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.handlers.base import BaseHandler
from django.core.mail.message import EmailMessage
from django.db.models.signals import post_save
from django.http import HttpRequest, HttpResponseBase

# The columns where a key belongs: by model and attribute.
HOMES = {("Session", "session_key"), ("TrackedSession", "session_key")}


class Watch(logging.Handler):
    """Remembers the keys of a test and where they leaked; there is one for the process."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: set[str] = set()
        self.leaks: list[str] = []

    def start(self) -> None:
        self.keys, self.leaks = set(), []

    def look(self, where: str, text: object) -> None:
        content = text if isinstance(text, bytes) else str(text).encode(errors="replace")
        # Another thread may add a sign-in meanwhile.
        if any(key.encode() in content for key in tuple(self.keys)):
            self.leaks.append(where)

    def emit(self, record: logging.LogRecord) -> None:
        text = logging.Formatter().format(record)
        self.look(f"the log of {record.name}: {record.getMessage()[:80]}", text)

    def install(self) -> None:
        """Start the watch for the whole process; it sees log records as the site formats them."""
        root = logging.getLogger()
        (console,) = (handler for handler in root.handlers if handler.name == "console")
        self.filters = console.filters
        root.addHandler(self)
        post_save.connect(self._on_saved, weak=False, dispatch_uid="tests.support.secrecy")
        self._wrap(SessionBase, "_get_new_session_key", self._on_key)
        self._wrap(BaseHandler, "get_response", self._on_answer)
        self._wrap(EmailMessage, "message", lambda message: self.look("a mail", message))

    def _wrap(self, owner: type, name: str, see: Any) -> None:
        original = getattr(owner, name)

        def watched(this: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(this, *args, **kwargs)
            see(result) if owner is not BaseHandler else see(args[0], result)
            return result

        setattr(owner, name, watched)

    def _on_key(self, key: str) -> None:
        self.keys.add(key)

    def _on_answer(self, request: HttpRequest, response: HttpResponseBase) -> None:
        where = f"the answer to {request.method} {request.path}"
        self.look(where, getattr(response, "content", b""))
        self.look(where, list(response.headers.items()))
        cookies = [c for n, c in response.cookies.items() if n != settings.SESSION_COOKIE_NAME]
        self.look(where, [cookie.OutputString() for cookie in cookies])

    def _on_saved(self, sender: type, instance: Any, **kwargs: Any) -> None:
        for name, value in vars(instance).items():
            if not name.startswith("_") and (sender.__name__, name) not in HOMES:
                self.look(f"{sender.__name__}.{name}", value)


watch = Watch()
