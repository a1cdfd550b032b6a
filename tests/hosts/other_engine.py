"""A third-party session engine with its own keys and format, unrelated to Django's engines."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.core.cache import cache

PREFIX = "other:"


class SessionStore(SessionBase):
    def exists(self, session_key: str) -> bool:
        return PREFIX + session_key in cache

    def create(self) -> None:
        while True:
            self._session_key = self._get_new_session_key()
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            return self.create()
        data = json.dumps(self._get_session(no_load=must_create))
        if must_create:
            if not cache.add(PREFIX + self.session_key, data, self.get_expiry_age()):
                raise CreateError
        elif not self.exists(self.session_key):
            raise UpdateError
        else:
            cache.set(PREFIX + self.session_key, data, self.get_expiry_age())
        return None

    def load(self) -> dict[str, Any]:
        data = cache.get(PREFIX + self.session_key) if self.session_key else None
        if data is None:
            self._session_key = None
            return {}
        return json.loads(data)

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            cache.delete(PREFIX + key)
