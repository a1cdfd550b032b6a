"""Choose the engine for the ``SESSION_ENGINE`` setting."""

from __future__ import annotations

import functools
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.backends import cache as cache_engine
from django.contrib.sessions.backends import cached_db as cached_db_engine
from django.contrib.sessions.backends import db as db_engine
from django.contrib.sessions.backends import file as file_engine
from django.contrib.sessions.backends.base import SessionBase

from sessions_admin.engines.base import Engine
from sessions_admin.engines.cache import CachedDatabaseEngine, CacheEngine
from sessions_admin.engines.database import DatabaseEngine
from sessions_admin.engines.file import FileEngine

SIGNED_COOKIES = "django.contrib.sessions.backends.signed_cookies"


def can_end_sessions() -> bool:
    """Whether sessions can be deleted from a store; signed-cookie sessions have none."""
    return settings.SESSION_ENGINE != SIGNED_COOKIES


def current() -> Engine:
    """Return the current engine.

    A third-party store that overrides loading, saving or deleting is used through its own methods,
    one session at a time.
    """
    return _engine(settings.SESSION_ENGINE, settings.SESSION_CACHE_ALIAS)


@functools.cache
def _engine(path: str, _cache_alias: str) -> Engine:
    """Return the engine for these settings, cached because engines read them when created."""
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
        # These choose the cache and the cache key.
        names += ["__init__", "cache_key", "acache_key"]
    return all(getattr(store, name) is getattr(base, name) for name in names)
