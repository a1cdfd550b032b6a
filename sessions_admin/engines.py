"""What each session engine can do in bulk: load many, delete many, and refuse a deleted key.

A session that was deleted can come back: a request in flight fills the cache from a row it read
just before (``cached_db``), or saves between looking and writing (``cache``, ``file``). So the
digest of a deleted key is kept for as long as such a copy could live, and no request is given a
session under it: that is asked before anything reads the session, or in a cache as it is read. The
``db`` engine needs none of this: its late saves are updates that find no row.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends import cache as cache_engine
from django.contrib.sessions.backends import cached_db as cached_db_engine
from django.contrib.sessions.backends import db as db_engine
from django.contrib.sessions.backends import file as file_engine
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.db import router
from django.utils import timezone

logger = logging.getLogger(__name__)

SIGNED_COOKIES = "django.contrib.sessions.backends.signed_cookies"
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
REFUSED_PREFIX = "sessions_admin.refused."


def digest(session_key: str) -> str:
    """A name for a session key from which the key cannot be got back."""
    return hashlib.sha256(session_key.encode(errors="replace")).hexdigest()[:32]


def is_local(cache: BaseCache) -> bool:
    """Whether each process has this cache to itself."""
    return isinstance(cache, LocMemCache | DummyCache)


class Engine:
    """Any engine, one session at a time, through the methods that every ``SessionStore`` has.

    Engines of third parties come here. ``cache_alias`` is the cache that keeps refused keys, and
    for engines on a cache their sessions too.
    """

    cache_alias: str | None = "default"
    # Whether copies of a deleted session can come back, so that its key is refused.
    keeps_refusals = True
    # Whether the deletion tells what was there; if not, that has to be asked before.
    counts_deleted = False

    def __init__(self, store: type[SessionBase]) -> None:
        self.store = store

    def load_many(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The data of those sessions that a request would find, by key."""
        loaded = ((key, self.store(key).load()) for key in keys)
        return {key: data for key, data in loaded if data}

    def living(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys under which a request would find a session."""
        return set(self.load_many(keys))

    def delete_many(self, keys: Sequence[str]) -> int | None:
        """Delete these sessions. Raises when the store does not answer.

        Says how many of them a request would have found, where ``counts_deleted``.
        """
        for key in keys:
            self.store(key).delete(key)
        return None

    def refuse(self, keys: Sequence[str], *, expiry: datetime | None = None) -> None:
        """Have requests with these keys refused from now on. Raises when that cannot be kept.

        ``expiry`` is the latest of the sessions' own, where they have longer lives than usual.
        """
        refused = {REFUSED_PREFIX + digest(key): 1 for key in keys}
        unkept = self._cache.set_many(refused, timeout=_longest_life(expiry))
        if unkept:
            raise OSError(f"The cache did not keep {len(unkept)} refused keys")

    def is_refused(self, key: str) -> bool:
        return REFUSED_PREFIX + digest(key) in self._cache

    def guard(self, session: SessionBase) -> bool:
        """See to it that this session, when it is read, is none if it is refused.

        Says whether that could be done; if not, somebody has to ask before.
        """
        return False

    def readmit(self, keys: Sequence[str]) -> None:
        """Take refusals back: these sessions were not ended after all."""
        self._cache.delete_many([REFUSED_PREFIX + digest(key) for key in keys])

    def expiry_of(self, session: SessionBase) -> datetime:
        """When this session expires if it is saved now."""
        return session.get_expiry_date()

    def forget_old_refusals(self) -> None:
        """Drop those that no copy can outlive any more; caches do so by themselves."""

    @property
    def _cache(self) -> BaseCache:
        return caches[self.cache_alias or "default"]


class DatabaseEngine(Engine):
    """``django.contrib.sessions.backends.db`` and engines built on it."""

    cache_alias = None
    keeps_refusals = False
    counts_deleted = True

    def load_many(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        rows = self._model.objects.filter(
            session_key__in=list(keys), expire_date__gt=timezone.now()
        ).values_list("session_key", "session_data")
        store = self.store()
        return {key: store.decode(data) for key, data in rows}

    def living(self, keys: Sequence[str]) -> set[str]:
        """The same without reading what is in them, which costs more than deleting them."""
        found = self._model.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
        return set(found.values_list("session_key", flat=True))

    def delete_many(self, keys: Sequence[str]) -> int:
        model = self._model
        found = model.objects.using(router.db_for_write(model)).filter(session_key__in=keys)
        _, deleted = found.filter(expire_date__gt=timezone.now()).delete()
        living: int = deleted.get(model._meta.label, 0)
        if living < len(keys):
            # Of the others some may have expired.
            found.delete()
        return living

    def refuse(self, keys: Sequence[str], *, expiry: datetime | None = None) -> None:
        """Nothing to keep: a row that is gone cannot be updated, and no copy exists."""

    def is_refused(self, key: str) -> bool:
        return False

    def readmit(self, keys: Sequence[str]) -> None:
        """Nothing was kept."""

    def has(self, key: str) -> bool:
        """Whether the database has a session under this key, expired or not."""
        return bool(self._model.objects.filter(session_key=key).exists())

    @property
    def _model(self) -> Any:
        return self.store.get_model_class()  # type: ignore[attr-defined]


class CacheEngine(Engine):
    """``django.contrib.sessions.backends.cache``."""

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
        session.__class__ = _guarded(self.store)
        return True

    def look_up(self, key: str) -> tuple[bool, dict[str, Any] | None]:
        """Whether the key is refused, and what the cache has under it, in one operation."""
        refusal, stored = REFUSED_PREFIX + digest(key), self._prefix + key
        found = self._cache.get_many([refusal, stored])
        return refusal in found, found.get(stored)

    def read_on(self, session: Any, *, is_away: bool = False) -> dict[str, Any]:
        """What a session has that is not in the cache, as Django reads on."""
        session._session_key = None
        return {}

    @property
    def _prefix(self) -> str:
        return str(self.store.cache_key_prefix)  # type: ignore[attr-defined]


class CachedDatabaseEngine(CacheEngine):
    """``django.contrib.sessions.backends.cached_db``: a session is found in the cache or, failing
    that, in the database."""

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
        """Mostly the database knows them all."""
        found = self._database.living(keys)
        missing = [key for key in keys if key not in found]
        return found | super().living(missing) if missing else found

    def delete_many(self, keys: Sequence[str]) -> None:
        self._database.delete_many(keys)
        super().delete_many(keys)

    def is_refused(self, key: str) -> bool:
        """In a cache of this process alone, nobody else can have a copy deleted or refused: there
        the database is asked, on every request. A check tells of the cost."""
        if self._is_local:
            return not self._database.has(key)
        return super().is_refused(key)

    def guard(self, session: SessionBase) -> bool:
        return not self._is_local and super().guard(session)

    def read_on(self, session: Any, *, is_away: bool = False) -> dict[str, Any]:
        """From the database, which fills the cache. An ended session is in neither."""
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


class FileEngine(Engine):
    """``django.contrib.sessions.backends.file``."""

    cache_alias = None

    def load_many(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        loaded = ((key, self._load(key)) for key in keys)
        return {key: data for key, data in loaded if data}

    def refuse(self, keys: Sequence[str], *, expiry: datetime | None = None) -> None:
        until = str(int(time.time()) + _longest_life(expiry))
        for key in keys:
            self._refused_file(key).write_text(until, encoding="ascii")

    def is_refused(self, key: str) -> bool:
        return self._refused_file(key).exists()

    def readmit(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._refused_file(key).unlink(missing_ok=True)

    def expiry_of(self, session: SessionBase) -> datetime:
        """A life given in seconds never ends here: Django counts it anew at each look."""
        life = session.get("_session_expiry")
        return NEVER if isinstance(life, int) and life > 0 else session.get_expiry_date()

    def forget_old_refusals(self) -> None:
        for path in self._folder.glob(REFUSED_PREFIX + "*"):
            with suppress(OSError, ValueError):
                until = path.read_text(encoding="ascii")
                # One that was written to a full disk is empty.
                last = int(until) if until else path.stat().st_mtime + _longest_life(None)
                if last < time.time():
                    path.unlink()

    def _load(self, key: str) -> dict[str, Any]:
        # Not ``store.load()``: that one deletes what has expired and makes a new file instead.
        store: Any = self.store(key)
        try:
            text = Path(store._key_to_file()).read_text(encoding="ascii")
            data: dict[str, Any] = store.decode(text) if text else {}
            alive = data and store.get_expiry_age(expiry=store._expiry_date(data)) > 0
        except (OSError, ValueError, EOFError):
            return {}
        return data if alive else {}

    def _refused_file(self, key: str) -> Path:
        # Another prefix than the sessions' own, so that ``clearsessions`` leaves it alone.
        return self._folder / (REFUSED_PREFIX + digest(key))

    @property
    def _folder(self) -> Path:
        store: Any = self.store
        return Path(store._get_storage_path())


class _Guard:
    """Reads a session along with its refusal: the cache is asked no more often than under plain
    Django, and a copy that came back cannot be read between the two answers."""

    def load(self: Any) -> dict[str, Any]:
        data: dict[str, Any] = self._read()
        return data

    async def aload(self: Any) -> dict[str, Any]:
        data: dict[str, Any] = await sync_to_async(self._read)()
        return data

    def _read(self: Any) -> Any:
        key, engine = self.session_key, current()
        if key is None or not isinstance(engine, CacheEngine):
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
            # Nobody's before anything else can fail: refusing is what matters.
            self._session_key = None
            with suppress(Exception):
                engine.delete_many([key])
            return {}
        return engine.read_on(self) if data is None else data


def _is_away(error: Exception) -> bool:
    """Whether nobody answers: then to ask once more is to wait once more.

    Clients of caches have errors of their own by the names of Python's.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    return not names.isdisjoint({"ConnectionError", "TimeoutError"})


@functools.cache
def _guarded(store: type[SessionBase]) -> type[SessionBase]:
    # By the same name: Django signs sessions with that of their class.
    named = {"__module__": store.__module__, "__qualname__": store.__qualname__}
    return type(store.__name__, (_Guard, store), named)


def can_end_sessions() -> bool:
    """Whether there is a store to delete from: a session kept in its cookie has none."""
    return settings.SESSION_ENGINE != SIGNED_COOKIES


def current() -> Engine:
    """The engine of ``SESSION_ENGINE``.

    A third party's store that changes how sessions are loaded or deleted is taken at its word,
    one session at a time.
    """
    return _engine(settings.SESSION_ENGINE, settings.SESSION_CACHE_ALIAS)


@functools.cache
def _engine(path: str, _cache_alias: str) -> Engine:
    """One for each pair of settings, both of which an engine reads as it is made."""
    store: type[SessionBase] = import_module(path).SessionStore
    for base, engine in (
        (cached_db_engine.SessionStore, CachedDatabaseEngine),
        (db_engine.SessionStore, DatabaseEngine),
        (cache_engine.SessionStore, CacheEngine),
        (file_engine.SessionStore, FileEngine),
    ):
        if issubclass(store, base) and _inherits(store, base):
            return engine(store)
    return Engine(store)


def _inherits(store: type[SessionBase], base: type[SessionBase]) -> bool:
    names = ["load", "save", "delete", "aload", "asave", "adelete"]
    if hasattr(base, "cache_key"):
        # Which cache, and where in it.
        names += ["__init__", "cache_key", "acache_key"]
    return all(getattr(store, name) is getattr(base, name) for name in names)


def _longest_life(expiry: datetime | None) -> int:
    """Seconds for which a copy that came back could live: written by a request that may take an
    hour, it gets a new life or keeps the session's own."""
    left = (expiry - timezone.now()).total_seconds() if expiry else 0
    return int(max(settings.SESSION_COOKIE_AGE, left)) + 3600
