"""The engines ``cache`` and ``cached_db``."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from sessions_admin.engines.base import REFUSED_PREFIX, Engine, digest, is_local
from sessions_admin.engines.database import DatabaseEngine

logger = logging.getLogger(__name__)


class CacheEngine(Engine):
    """``django.contrib.sessions.backends.cache``."""

    expires_as_saved = True

    def __init__(self, store: type[SessionBase]) -> None:
        super().__init__(store)
        self.cache_alias = settings.SESSION_CACHE_ALIAS

    def load_many(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        prefix = self._prefix
        found = self._cache.get_many([prefix + key for key in keys])
        return {key.removeprefix(prefix): data for key, data in found.items()}

    def delete_many(self, keys: Sequence[str]) -> None:
        self._cache.delete_many([self._prefix + key for key in keys])

    def guard(self, session: SessionBase) -> bool:
        if type(session) is not self.store or hasattr(session, "_session_cache"):
            return False
        session.__class__ = self._guarded_store
        return True

    def look_up(self, key: str) -> tuple[bool, dict[str, Any] | None]:
        """Whether the key is refused, and what the cache has under it, in one operation."""
        refusal, stored = REFUSED_PREFIX + digest(key), self._prefix + key
        found = self._cache.get_many([refusal, stored])
        return refusal in found, found.get(stored)

    def read_on(self, session: Any, *, is_away: bool = False) -> dict[str, Any]:
        """The data of a session that is not in the cache, as Django's engine finds it."""
        session._session_key = None
        return {}

    @functools.cached_property
    def _guarded_store(self) -> type[SessionBase]:
        # Under the same name: Django signs sessions with that of their class.
        names = {"__module__": self.store.__module__, "__qualname__": self.store.__qualname__}
        return type(self.store.__name__, (_GuardedReads, self.store), names | {"engine": self})

    @property
    def _prefix(self) -> str:
        return str(self.store.cache_key_prefix)  # type: ignore[attr-defined]


class CachedDatabaseEngine(CacheEngine):
    """``django.contrib.sessions.backends.cached_db``: the cache first, then the database."""

    def __init__(self, store: type[SessionBase]) -> None:
        super().__init__(store)
        self._database = DatabaseEngine(store)

    def load_many(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        wanted = list(keys)
        if self._is_local:
            return self._database.load_many(wanted)
        try:
            found = super().load_many(wanted)
        except Exception:
            # Django's own engine reads on from the database when the cache does not answer.
            found = {}
        return found | self._database.load_many(key for key in wanted if key not in found)

    def living(self, keys: Sequence[str]) -> set[str]:
        """Ask the database first, which mostly has them all."""
        found = self._database.living(keys)
        missing = [key for key in keys if key not in found]
        return found | super().living(missing) if missing else found

    def delete_many(self, keys: Sequence[str]) -> None:
        self._database.delete_many(keys)
        super().delete_many(keys)

    def is_refused(self, key: str) -> bool:
        """Ask the cache; where each process has its own, the database, on every request.

        No other process can delete or refuse a copy in such a cache. A check names the cost.
        """
        if self._is_local:
            return not self._database.has(key)
        return super().is_refused(key)

    def guard(self, session: SessionBase) -> bool:
        return not self._is_local and super().guard(session)

    def read_on(self, session: Any, *, is_away: bool = False) -> dict[str, Any]:
        """Read the database and fill the cache. An ended session is in neither."""
        stored = session._get_session_from_db()
        if stored is None:
            return {}
        data: dict[str, Any] = session.decode(stored.session_data)
        if not is_away:
            age = session.get_expiry_age(expiry=stored.expire_date)
            self._cache.set(session.cache_key, data, age)
        return data

    @property
    def _is_local(self) -> bool:
        return is_local(self._cache)


class _GuardedReads:
    """Reads a session together with its refusal.

    The cache is asked no more often than under plain Django, and a copy that came back cannot be
    read between two answers.
    """

    engine: CacheEngine

    def load(self: Any) -> dict[str, Any]:
        data: dict[str, Any] = self._read()
        return data

    async def aload(self: Any) -> dict[str, Any]:
        data: dict[str, Any] = await sync_to_async(self._read)()
        return data

    def _read(self: Any) -> Any:
        key, engine = self.session_key, self.engine
        if key is None:
            return super().load()  # type: ignore[misc]
        try:
            is_refused, data = engine.look_up(key)
        except Exception as error:
            if _is_away(error):
                logger.warning("The session cache does not answer: %s", type(error).__name__)
                return engine.read_on(self, is_away=True)
            # A cluster may answer for one key at a time only, and what is stored may be broken.
            if not engine.is_refused(key):
                return super().load()  # type: ignore[misc]
            is_refused = True
        if is_refused:
            # Emptied before anything else can fail: refusing is what matters.
            self._session_key = None
            with suppress(Exception):
                engine.delete_many([key])
            return {}
        return engine.read_on(self) if data is None else data


def _is_away(error: Exception) -> bool:
    """Whether the cache does not answer at all, so that asking again means waiting again.

    The client libraries of caches name their own errors after Python's.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    return not names.isdisjoint({"ConnectionError", "TimeoutError"})
