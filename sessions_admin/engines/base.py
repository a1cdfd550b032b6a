"""What the app asks of a session engine, answered through the methods every ``SessionStore`` has.

A deleted session can come back: a request in flight fills the cache from a row that it read just
before (``cached_db``), or saves between looking and writing (``cache``, ``file``). So the digest of
a deleted key is kept for as long as such a copy could live, and a request with a refused key gets
no session.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.utils import timezone

REFUSED_PREFIX = "sessions_admin.refused."


def digest(session_key: str) -> str:
    """A name for a session key from which the key cannot be got back."""
    return hashlib.sha256(session_key.encode(errors="replace")).hexdigest()[:32]


def is_local(cache: BaseCache) -> bool:
    """Whether each process has this cache to itself."""
    return isinstance(cache, LocMemCache | DummyCache)


def longest_life(expiry: datetime | None) -> int:
    """Seconds for which a copy that came back could live.

    A request that may take an hour writes it, and it gets a new life or keeps its own ``expiry``.
    """
    left = (expiry - timezone.now()).total_seconds() if expiry else 0
    return int(max(settings.SESSION_COOKIE_AGE, left)) + 3600


class Engine:
    """Any engine, asked one session at a time; the engines of third parties are this one.

    ``cache_alias`` names the cache that keeps the refused keys and, for engines on a cache, their
    sessions, too.
    """

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
        """The data of the sessions that a request would find, by key."""
        loaded = ((key, self.store(key).load()) for key in keys)
        return {key: data for key, data in loaded if data}

    def living(self, keys: Sequence[str]) -> set[str]:
        """The keys under which a request would find a session."""
        return set(self.load_many(keys))

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

    def guard(self, session: SessionBase) -> bool:
        """Make this session look up its own refusal when it is read.

        Returns whether it will; if not, the caller has to ask ``is_refused`` before.
        """
        return False

    def readmit(self, keys: Sequence[str]) -> None:
        """Withdraw the refusals of sessions that did not end after all."""
        self._cache.delete_many([REFUSED_PREFIX + digest(key) for key in keys])

    def expiry_of(self, session: SessionBase) -> datetime:
        """When this session expires if it is saved now."""
        return session.get_expiry_date()

    def forget_old_refusals(self) -> None:
        """Remove the refusals that no copy can outlive; caches do so by themselves."""

    @property
    def _cache(self) -> BaseCache:
        return caches[self.cache_alias or "default"]
