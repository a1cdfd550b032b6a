"""The engines ``cache`` and ``cached_db``."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends import cached_db, db
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache.backends.redis import RedisCache
from django.db.models import QuerySet
from django.utils import timezone

from sessions_admin.engines.base import (
    NOBODYS,
    REFUSED_PREFIX,
    Doubt,
    Engine,
    GuardedReads,
    digest,
    is_away,
    is_loaded,
    is_local,
)
from sessions_admin.engines.database import DatabaseEngine

logger = logging.getLogger(__name__)


class _GuardedReads(GuardedReads):
    """Reads a session together with its refusal.

    One operation instead of two costs no more than plain Django, and leaves no moment between them
    in which a copy that came back could be read.
    """

    engine: CacheEngine

    def load(self: Any) -> dict[str, Any]:
        key = self.session_key
        data: dict[str, Any] = self._read()
        question = self.question(key, data)
        return self.answered(question, key, data) if question else data

    async def aload(self: Any) -> dict[str, Any]:
        data: dict[str, Any] = await sync_to_async(self.load)()
        return data

    def _read(self: Any) -> Any:
        key, engine = self.session_key, self.engine
        if key is None:
            return {}
        try:
            is_refused, data = engine.look_up(key)
        except Exception as error:
            if is_away(error):
                logger.warning("The session cache does not answer: %s", type(error).__name__)
                return engine.read_on(self, is_away=True)
            # A cluster may answer for single keys only, and the entry may be unreadable.
            is_refused, data = engine.is_refused(key), None
            with suppress(Exception):
                data = engine.get(key)
        if is_refused:
            # The key goes first, so that the session is refused even if the deletion fails.
            self._session_key = None
            with suppress(Exception):
                engine.delete_many([key])
            return {}
        return engine.read_on(self) if data is None else data


class _GuardedSaves(_GuardedReads):
    """Saves to the cache before the database, where saving an ended session fails.

    Django saves to the database first. A session that ends between the two saves would come back
    in the cache if the cache has lost its refusal meanwhile.
    """

    def save(self: Any, must_create: bool = False) -> None:
        self.notify(must_create)
        if must_create or self.session_key is None:
            cached_db.SessionStore.save(self, must_create)
            return
        cache, kept = self._cache, self.cache_key
        try:
            cache.set(kept, self._session, self.get_expiry_age())
        except Exception as error:
            logger.warning("The session cache does not take a session: %s", type(error).__name__)
        try:
            db.SessionStore.save(self, must_create)
        except Exception:
            with suppress(Exception):
                cache.delete(kept)
            raise


class CacheEngine(Engine):
    """``django.contrib.sessions.backends.cache``."""

    guarding = _GuardedReads
    expires_as_saved = True

    def __init__(self, store: type[SessionBase]) -> None:
        super().__init__(store)
        self.cache_alias = settings.SESSION_CACHE_ALIAS

    def load_many(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        wanted, prefix = list(keys), self._prefix
        try:
            found = self._cache.get_many([prefix + key for key in wanted])
        except Exception as error:
            if not self._answers_after(error):
                raise
            # A single unreadable entry fails the whole call.
            return self._one_by_one(self.get, wanted)
        return {key.removeprefix(prefix): data for key, data in found.items()}

    @property
    def can_enumerate(self) -> bool:
        """Whether the cache is Redis and its ``KEY_FUNCTION`` leaves session keys readable."""
        every = self._cache.make_key(self._prefix)
        return isinstance(self._cache, RedisCache) and (
            self._cache.make_key(self._prefix + NOBODYS) == every + NOBODYS
        )

    def keys(self, size: int) -> Iterator[list[str]]:
        prefix = self._cache.make_key(self._prefix).encode()
        client = self._cache._cache.get_client(write=True)  # type: ignore[attr-defined]
        pattern = re.sub(rb"([*?\[\]\\])", rb"\\\1", prefix) + b"*"
        keys = (
            name.removeprefix(prefix).decode(errors="replace")
            for name in client.scan_iter(match=pattern, count=size)
        )
        # A scan may return a key more than once.
        while some := list(itertools.islice(keys, size)):
            yield list(dict.fromkeys(some))

    def expiries(self, keys: Sequence[str]) -> dict[str, datetime]:
        """Return the expiries that Redis knows; other caches do not tell."""
        if not isinstance(self._cache, RedisCache):
            return {}
        client = self._cache._cache.get_client(write=True)
        names = [self._cache.make_key(self._prefix + key) for key in keys]
        now = timezone.now()
        left = {key: client.pttl(name) for key, name in zip(keys, names, strict=True)}
        # Negative for an entry that is gone or never expires.
        return {key: now + timedelta(milliseconds=ms) for key, ms in left.items() if ms > 0}

    def delete_many(self, keys: Sequence[str]) -> None:
        self._cache.delete_many([self._prefix + key for key in keys])

    def guard(self, session: SessionBase, doubt: Doubt | None = None) -> bool:
        super().guard(session, doubt)
        return type(session) is self._guarded_store and not is_loaded(session)

    def look_up(self, key: str) -> tuple[bool, dict[str, Any] | None]:
        """Return whether the key is refused, and its data in the cache, in one operation."""
        refusal, stored = REFUSED_PREFIX + digest(key), self._prefix + key
        found = self._cache.get_many([refusal, stored])
        return refusal in found, found.get(stored)

    def read_on(self, session: Any, *, is_away: bool = False) -> dict[str, Any]:
        """Load a session that is not in the cache, as Django's engine does."""
        session._session_key = None
        return {}

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the data in the cache under this key. Raises if it cannot be read."""
        data: dict[str, Any] | None = self._cache.get(self._prefix + key)
        return data

    @property
    def _prefix(self) -> str:
        return str(self.store.cache_key_prefix)  # type: ignore[attr-defined]


class CachedDatabaseEngine(CacheEngine):
    """``django.contrib.sessions.backends.cached_db``: the cache first, then the database."""

    guarding = _GuardedSaves

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
            # Like Django's engine, fall back to the database when the cache does not answer.
            found = {}
        # The same for entries of the cache that are missing or unreadable.
        missing = [key for key in wanted if not found.get(key)]
        return found | self._database.load_many(missing)

    @property
    def can_enumerate(self) -> bool:
        return True

    def keys(self, size: int) -> Iterator[list[str]]:
        return self._database.keys(size)

    def expiries(self, keys: Sequence[str]) -> dict[str, datetime]:
        return self._database.expiries(keys)

    def unknown_keys(self, size: int, known: QuerySet[Any]) -> Iterator[tuple[int, list[str]]]:
        return self._database.unknown_keys(size, known)

    def living(self, keys: Sequence[str]) -> set[str]:
        """Return the keys of existing sessions; the database, which has most, is asked first."""
        found = self._database.living(keys)
        missing = [key for key in keys if key not in found]
        return found | super().living(missing) if missing else found

    def delete_many(self, keys: Sequence[str]) -> None:
        self._database.delete_many(keys)
        super().delete_many(keys)

    def delete_late_copies(self, keys: Sequence[str]) -> None:
        """Delete from the cache again once the deletion in the database is committed.

        Requests that read or save a session check the database after they fill the cache, but
        until the commit they still see the row.
        """
        super().delete_many(keys)

    def is_refused(self, key: str) -> bool:
        """Whether the key is refused; if the cache is local to the process, ask the database.

        No other process can delete or refuse a copy in a local cache. A system check warns of the
        query on every request.
        """
        if self._is_local:
            return not self._database.has(key)
        return super().is_refused(key)

    def guard(self, session: SessionBase, doubt: Doubt | None = None) -> bool:
        return super().guard(session, doubt) and not self._is_local

    def look_up(self, key: str) -> tuple[bool, dict[str, Any] | None]:
        """Look up the key; with a local cache, ``is_refused`` was already called."""
        if self._is_local:
            return False, self.get(key)
        return super().look_up(key)

    def read_on(self, session: Any, *, is_away: bool = False) -> dict[str, Any]:
        """Read the database and fill the cache. An ended session is in neither."""
        stored = session._get_session_from_db()
        if stored is None:
            return {}
        data: dict[str, Any] = session.decode(stored.session_data)
        if not is_away:
            age = session.get_expiry_age(expiry=stored.expire_date)
            key, kept = session.session_key, session.cache_key
            self._cache.set(kept, data, age)
            # The session may have ended since it was read, and the cache may have lost its refusal.
            if not self._database.has(key):
                self._cache.delete(kept)
                session._session_key = None
                return {}
        return data

    @property
    def _is_local(self) -> bool:
        return is_local(self._cache)
