"""What the app asks of a session engine, answered through the methods every ``SessionStore`` has.

A deleted session can come back: a request in flight fills the cache from a row that it read just
before (``cached_db``), or saves between looking and writing (``cache``, ``file``). So the digest of
a deleted key is kept for as long as such a copy could live, and a request with a refused key gets
no session.
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
from django.utils import timezone

REFUSED_PREFIX = "sessions_admin.refused."
# A key that no session has.
NOBODYS = "0" * 32

# What has to be asked before a session with this key and this data is used, if anything: whether it
# has ended, whatever its store says.
Doubt = Callable[[str, dict[str, Any]], Callable[[], bool] | None]


def digest(session_key: str) -> str:
    """A name for a session key from which the key cannot be got back."""
    return hashlib.sha256(session_key.encode(errors="replace")).hexdigest()[:32]


def is_local(cache: BaseCache) -> bool:
    """Whether each process has this cache to itself."""
    return isinstance(cache, LocMemCache | DummyCache)


def is_away(error: Exception) -> bool:
    """Whether a store does not answer at all, so that asking again means waiting again.

    The client libraries of caches name their own errors after Python's.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    return not names.isdisjoint({"ConnectionError", "TimeoutError"})


def longest_life(expiry: datetime | None) -> int:
    """Seconds for which a copy that came back could live.

    A request that may take an hour writes it, and it gets a new life or keeps its own ``expiry``.
    """
    left = (expiry - timezone.now()).total_seconds() if expiry else 0
    return int(max(settings.SESSION_COOKIE_AGE, left)) + 3600


class GuardedReads:
    """Reads a session, and none if there was a doubt about it and it turned out to have ended."""

    engine: Engine
    doubt: Doubt | None

    def load(self: Any) -> dict[str, Any]:
        key = self.session_key
        data: dict[str, Any] = super().load()  # type: ignore[misc]
        question = self.question(key, data)
        return self.answered(question, key, data) if question else data

    async def aload(self: Any) -> dict[str, Any]:
        key = self.session_key
        data: dict[str, Any] = await super().aload()  # type: ignore[misc]
        question = self.question(key, data)
        return await sync_to_async(self.answered)(question, key, data) if question else data

    def question(self, key: str | None, data: Any) -> Callable[[], bool] | None:
        return self.doubt(key, data) if self.doubt and key and data else None

    def answered(self: Any, question: Callable[[], bool], key: str, data: Any) -> Any:
        """The data, if the session has not ended."""
        if not question():
            return data
        # Emptied before anything else can fail: refusing is what matters.
        self._session_key = None
        with suppress(Exception):
            self.engine.refuse([key])
            self.engine.delete_many([key])
        return {}


class Engine:
    """Any engine, asked one session at a time; the engines of third parties are this one.

    ``cache_alias`` names the cache that keeps the refused keys and, for engines on a cache, their
    sessions, too.
    """

    # What is put before the store's class to guard a session (see ``guard``).
    guarding: type = GuardedReads
    cache_alias: str | None = "default"
    # Whether copies of a deleted session can come back, so that its key is refused.
    keeps_refusals = True
    # Whether ``delete_many`` returns how many were there; if not, that has to be asked before.
    counts_deleted = False
    # Whether saving decides when a session expires. If not, what a request sees later may be
    # another moment than ``expiry_of`` said, so the store is asked about old sessions, too.
    expires_as_saved = False

    def __init__(self, store: type[SessionBase]) -> None:
        self.store = store

    def load_many(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The data of the sessions that a request would find, by key.

        An entry that cannot be read has no data: a request with it is not signed in. Raises when
        the store does not answer.
        """
        return self._one_by_one(self._load, keys)

    def answers(self) -> bool:
        """Whether the store can be asked for a session: for one that nobody has."""
        try:
            self.store().exists(NOBODYS)
        except Exception:
            return False
        return True

    @property
    def can_enumerate(self) -> bool:
        """Whether ``keys`` can say which sessions there are."""
        return False

    def keys(self, size: int) -> Iterator[list[str]]:
        """The keys of the sessions in the store, in lists of up to ``size``."""
        raise NotImplementedError

    def living(self, keys: Sequence[str]) -> set[str]:
        """The keys under which a request would find a session."""
        return {key for key, data in self.load_many(keys).items() if data}

    def delete_many(self, keys: Sequence[str]) -> int | None:
        """Delete these sessions; raise when the store does not answer.

        Returns how many of them a request would have found, where ``counts_deleted`` is set.
        """
        for key in keys:
            self.store(key).delete(key)
        return None

    def refuse(self, keys: Sequence[str], *, expiry: datetime | None = None) -> None:
        """Refuse requests with these keys from now on; raise when that cannot be stored.

        ``expiry`` is the latest expiry of the sessions, which may exceed ``SESSION_COOKIE_AGE``.
        """
        refusals = {REFUSED_PREFIX + digest(key): 1 for key in keys}
        lost = self._cache.set_many(refusals, timeout=longest_life(expiry))
        if lost:
            raise OSError(f"The cache did not store {len(lost)} refused keys")

    def is_refused(self, key: str) -> bool:
        return REFUSED_PREFIX + digest(key) in self._cache

    def guard(self, session: SessionBase, doubt: Doubt | None = None) -> bool:
        """Make this session look up whether it has ended when it is read, where there is a doubt.

        Returns whether it will look up its refusal, too; if not, the caller has to ask
        ``is_refused`` before.
        """
        if type(session) is self.store and not hasattr(session, "_session_cache"):
            guarded: Any = session
            guarded.__class__, guarded.doubt = self._guarded_store, doubt
        return False

    def readmit(self, keys: Sequence[str]) -> None:
        """Withdraw the refusals of sessions that did not end after all."""
        self._cache.delete_many([REFUSED_PREFIX + digest(key) for key in keys])

    def expiry_of(self, session: SessionBase) -> datetime:
        """When this session expires if it is saved now."""
        return session.get_expiry_date()

    def delete_late_copies(self, keys: Sequence[str]) -> None:
        """Delete what came back of deleted sessions until their deletion was committed."""

    def forget_old_refusals(self) -> None:
        """Remove the refusals that no copy can outlive; caches do so by themselves."""

    @functools.cached_property
    def _guarded_store(self) -> type[SessionBase]:
        # Under the same name: Django signs sessions with that of their class.
        names = {"__module__": self.store.__module__, "__qualname__": self.store.__qualname__}
        return type(self.store.__name__, (self.guarding, self.store), names | {"engine": self})

    def _load(self, key: str) -> dict[str, Any]:
        data: dict[str, Any] = self.store(key).load()
        return data

    def _one_by_one(
        self, load: Callable[[str], dict[str, Any] | None], keys: Iterable[str]
    ) -> dict[str, dict[str, Any]]:
        """What ``load`` finds under these keys; no data where it raises."""
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
        """Whether the store answers, so that this error was about one entry alone."""
        return not is_away(error) and self.answers()

    @property
    def _cache(self) -> BaseCache:
        return caches[self.cache_alias or "default"]
