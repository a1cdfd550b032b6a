"""The engine ``file``."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, SessionBase
from django.core.exceptions import SuspiciousOperation

from sessions_admin.engines.base import REFUSED_PREFIX, Engine, digest, longest_life
from sessions_admin.moments import as_kept

NEVER = datetime(9999, 1, 1, tzinfo=UTC)

KEY_CHARACTERS = frozenset(VALID_KEY_CHARS)


class FileEngine(Engine):
    """``django.contrib.sessions.backends.file``.

    By default a session expires ``SESSION_COOKIE_AGE`` after its file was last modified.
    """

    cache_alias = None

    @property
    def can_enumerate(self) -> bool:
        return True

    def keys(self, size: int) -> Iterator[list[str]]:
        prefix = settings.SESSION_COOKIE_NAME
        names = (entry.name for entry in os.scandir(self._folder))
        found = (name.removeprefix(prefix) for name in names if name.startswith(prefix))
        # Temporary files of saves in progress have other characters in their names.
        keys = (key for key in found if key and set(key) <= KEY_CHARACTERS)
        while some := list(itertools.islice(keys, size)):
            yield some

    def delete_many(self, keys: Sequence[str]) -> None:
        """Delete these sessions, skipping keys of other engines that are not valid file names."""
        super().delete_many([key for key in keys if set(key) <= KEY_CHARACTERS])

    def refuse(self, keys: Sequence[str], *, expiry: datetime | None = None) -> None:
        until = str(int(time.time()) + longest_life(expiry))
        for key in keys:
            self._refused_file(key).write_text(until, encoding="ascii")

    def is_refused(self, key: str) -> bool:
        return self._refused_file(key).exists()

    def readmit(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._refused_file(key).unlink(missing_ok=True)

    def expiry_of(self, session: SessionBase) -> datetime:
        """Return when the session expires; never if its life was set as a number of seconds.

        Django restarts such a life at each read.
        """
        life = session.get("_session_expiry")
        return as_kept(NEVER) if isinstance(life, int) and life > 0 else session.get_expiry_date()

    def forget_old_refusals(self) -> None:
        for path in self._folder.glob(REFUSED_PREFIX + "*"):
            with suppress(OSError, ValueError):
                until = path.read_text(encoding="ascii")
                # The file is empty if the disk was full when it was written.
                last = int(until) if until else path.stat().st_mtime + longest_life(None)
                if last < time.time():
                    path.unlink()

    def _load(self, key: str) -> dict[str, Any]:
        # Not ``store.load()``, which replaces an expired session with a new file.
        store: Any = self.store(key)
        try:
            text = Path(store._key_to_file()).read_text(encoding="ascii")
            data: dict[str, Any] = store.decode(text) if text else {}
            alive = data and store.get_expiry_age(expiry=store._expiry_date(data)) > 0
        except (OSError, SuspiciousOperation):
            return {}
        return data if alive else {}

    def _refused_file(self, key: str) -> Path:
        # A prefix that differs from the sessions' own, so that ``clearsessions`` ignores the file.
        return self._folder / (REFUSED_PREFIX + digest(key))

    @property
    def _folder(self) -> Path:
        store: Any = self.store
        return Path(store._get_storage_path())
