"""The interface to a session engine, implemented with the methods of every ``SessionStore``.

A deleted session can come back: a request in flight fills the cache from a row that it read just
before the deletion (``cached_db``), or saves after checking that the session exists (``cache``,
``file``). So the digest of a deleted key is kept for as long as such a copy could live, and a
request with a refused key gets no session.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.signing import TimestampSigner
from django.db.models import QuerySet
from django.utils import timezone

REFUSED_PREFIX = "sessions_admin.refused."
# A key that no session uses, for probing the store.
NOBODYS = "0" * 32

# Takes a session's key and data. Returns a function that looks up whether the session has ended,
# although it is in the store, or ``None`` if there is no reason to look.
Doubt = Callable[[str, dict[str, Any]], Callable[[], bool] | None]


def digest(session_key: str) -> str:
    """Return a digest of a session key, from which the key cannot be recovered."""
    return hashlib.sha256(session_key.encode(errors="replace")).hexdigest()[:32]


def is_local(cache: BaseCache) -> bool:
    """Whether each process has its own copy of this cache."""
    return isinstance(cache, LocMemCache | DummyCache)


def is_loaded(session: SessionBase) -> bool:
    """Whether the session's data has been read from the store."""
    return hasattr(session, "_session_cache")


def is_away(error: Exception) -> bool:
    """Whether the error means that the store is unreachable, so that retrying only costs time.

    Compared by name, since cache client libraries name their own errors after Python's.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    return not names.isdisjoint({"ConnectionError", "TimeoutError"})


def longest_life(expiry: datetime | None) -> int:
    """Return for how many seconds a copy of a deleted session could live.

    The copy lives for ``SESSION_COOKIE_AGE`` or until its own ``expiry``, and the request that
    writes it may take up to an hour.
    """
    left = (expiry - timezone.now()).total_seconds() if expiry else 0
    return int(max(settings.SESSION_COOKIE_AGE, left)) + 3600


class GuardedReads:
    """A store mixin that loads an empty session if ``doubt`` finds that the session has ended.

    It also calls ``before_save``, if set, before the session is saved under its key.
    """

    engine: Engine
    doubt: Doubt | None
    before_save: Callable[[], None] | None = None

    def load(self: Any) -> dict[str, Any]:
        key = self.session_key
        data: dict[str, Any] = super().load()  # type: ignore[misc]
        if self.session_key is None:
            # Django's file engine returns the data of a file that is deleted while it is read, but
            # without the key. Saving that would create a session that nobody knows of.
            return {}
        question = self.question(key, data)
        return self.answered(question, key, data) if question else data

    async def aload(self: Any) -> dict[str, Any]:
        key = self.session_key
        data: dict[str, Any] = await super().aload()  # type: ignore[misc]
        if self.session_key is None:
            return {}
        question = self.question(key, data)
        return await sync_to_async(self.answered)(question, key, data) if question else data

    def save(self: Any, must_create: bool = False) -> None:
        self.notify(must_create)
        super().save(must_create)  # type: ignore[misc]

    async def asave(self: Any, must_create: bool = False) -> None:
        await sync_to_async(self.save)(must_create)

    def notify(self, must_create: bool) -> None:
        """Call ``before_save``, except while a new key is created: the session keeps its data."""
        if not must_create and self.before_save is not None:
            self.before_save()

    def question(self, key: str | None, data: Any) -> Callable[[], bool] | None:
        return self.doubt(key, data) if self.doubt and key and data else None

    def answered(self: Any, question: Callable[[], bool], key: str, data: Any) -> Any:
        """Return the data, or delete the session and return no data if it has ended."""
        if not question():
            return data
        # The key goes first, so that the session is refused even if the steps below fail.
        self._session_key = None
        with suppress(Exception):
            self.engine.refuse([key])
            self.engine.delete_many([key])
        return {}


class Engine:
    """An engine that works with any store, one session at a time; used for third-party engines.

    ``cache_alias`` names the cache that keeps the refused keys and, for cache engines, the
    sessions.
    """

    # The mixin for guarded sessions (see ``guard``).
    guarding: type = GuardedReads
    cache_alias: str | None = "default"
    # Whether copies of a deleted session can come back, so that its key is refused.
    keeps_refusals = True
    # Whether ``delete_many`` returns how many existed; if not, call ``living`` first.
    counts_deleted = False
    # Whether a session's expiry is fixed when it is saved. If not, it may change after
    # ``expiry_of`` was stored, so sessions past their stored expiry are checked in the store, too.
    expires_as_saved = False

    def __init__(self, store: type[SessionBase]) -> None:
        self.store = store

    def load_many(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return the data of the sessions that a request would find, by key.

        An unreadable entry has empty data: a request with it is not signed in. Raises if the store
        does not answer.
        """
        return self._one_by_one(self._load, keys)

    def decoder(self) -> Callable[[str], dict[str, Any]]:
        """Return the store's ``decode``, for the data of many sessions.

        Django's own makes a signer for each.
        """
        store = self.store()
        if self.store.decode is not SessionBase.decode:
            return store.decode
        signer = TimestampSigner(salt=store.key_salt)

        def decode(data: str) -> dict[str, Any]:
            try:
                found: dict[str, Any] = signer.unsign_object(data, serializer=store.serializer)
            except Exception:
                # Django decides, and logs it.
                return store.decode(data)
            return found

        return decode

    def answers(self) -> bool:
        """Whether the store answers when asked for a session that does not exist."""
        try:
            self.store().exists(NOBODYS)
        except Exception:
            return False
        return True

    @property
    def can_enumerate(self) -> bool:
        """Whether ``keys`` can list the sessions in the store."""
        return False

    def keys(self, size: int) -> Iterator[list[str]]:
        """Yield the keys of the sessions in the store, in lists of up to ``size``."""
        raise NotImplementedError

    def unknown_keys(self, size: int, known: QuerySet[Any]) -> Iterator[tuple[int, list[str]]]:
        """Yield the keys in the store that no ``known`` row has, up to ``size`` at a time.

        Each list comes with the number of keys that were looked at for it.
        """
        for keys in self.keys(size):
            found = known.filter(session_key__in=keys).values_list("session_key", flat=True)
            rows = set(found)
            yield len(keys), [key for key in keys if key not in rows]

    def living(self, keys: Sequence[str]) -> set[str]:
        """Return those of the keys under which a request would find a session."""
        return {key for key, data in self.load_many(keys).items() if data}

    def delete_many(self, keys: Sequence[str]) -> int | None:
        """Delete these sessions. Raises if the store does not answer.

        Returns how many of them a request would have found if ``counts_deleted``, else ``None``.
        """
        for key in keys:
            self.store(key).delete(key)
        return None

    def refuse(self, keys: Sequence[str], *, expiry: datetime | None = None) -> None:
        """Refuse requests with these keys from now on. Raises if that cannot be stored.

        ``expiry`` is the latest expiry of the sessions, which may exceed ``SESSION_COOKIE_AGE``.
        """
        refusals = {REFUSED_PREFIX + digest(key): 1 for key in keys}
        lost = self._cache.set_many(refusals, timeout=longest_life(expiry))
        if lost:
            raise OSError(f"The cache did not store {len(lost)} refused keys")

    def is_refused(self, key: str) -> bool:
        return REFUSED_PREFIX + digest(key) in self._cache

    def guard(self, session: SessionBase, doubt: Doubt | None = None) -> bool:
        """Make this session check ``doubt`` when it is loaded, and load empty if it has ended.

        Returns whether loading will also check for a refusal. If not, the caller has to call
        ``is_refused``: the engine does not check, or the session is already loaded.
        """
        if type(session) is self.store:
            guarded: Any = session
            guarded.__class__, guarded.doubt = self._guarded_store, doubt
        return False

    def readmit(self, keys: Sequence[str]) -> None:
        """Withdraw the refusals of sessions that did not end after all."""
        self._cache.delete_many([REFUSED_PREFIX + digest(key) for key in keys])

    def expiry_of(self, session: SessionBase) -> datetime:
        """Return when this session expires if it is saved now."""
        return session.get_expiry_date()

    def expiries(self, keys: Sequence[str]) -> dict[str, datetime]:
        """Return when these sessions expire, by key, for engines that ``expires_as_saved``."""
        return {}

    def delete_late_copies(self, keys: Sequence[str]) -> None:
        """Delete copies that were written before the deletion of their sessions was committed."""

    def forget_old_refusals(self) -> None:
        """Remove the refusals of keys whose copies have all expired; caches do so on their own."""

    @functools.cached_property
    def _guarded_store(self) -> type[SessionBase]:
        # The same name as the store's: Django signs session data with the name of the class.
        names = {"__module__": self.store.__module__, "__qualname__": self.store.__qualname__}
        return type(self.store.__name__, (self.guarding, self.store), names | {"engine": self})

    def _load(self, key: str) -> dict[str, Any]:
        data: dict[str, Any] = self.store(key).load()
        return data

    def _one_by_one(
        self, load: Callable[[str], dict[str, Any] | None], keys: Iterable[str]
    ) -> dict[str, dict[str, Any]]:
        """Load each of these keys; empty data for entries on which ``load`` raises."""
        found: dict[str, dict[str, Any]] = {}
        answers = False
        for key in keys:
            try:
                if data := load(key):
                    found[key] = data
            except Exception as error:
                answers = answers or self._answers_after(error)
                if not answers:
                    raise
                found[key] = {}
        return found

    def _answers_after(self, error: Exception) -> bool:
        """Whether the store answers, so that the error concerns one entry only."""
        return not is_away(error) and self.answers()

    @property
    def _cache(self) -> BaseCache:
        return caches[self.cache_alias or "default"]
