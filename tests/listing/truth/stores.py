"""Direct access to the session store, as its operator has."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.conf import settings as site
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.db import connection, models, transaction
from django.db.models import F


class Store:
    """Changes the session store behind Django and the app."""

    def __init__(self, name: str) -> None:
        self.engine = name.partition("-")[0]
        self.cache = caches["default"]

    def lose(self, key: str, *, with_copy: bool) -> None:
        """Delete an entry; for ``cached_db`` its row, and with ``with_copy`` the cached copy."""
        if self.engine in {"db", "cached_db"}:
            Session.objects.filter(session_key=key).delete()
        if self.engine == "cache" or with_copy:
            self.evict(key)
        if self.engine == "file":
            self._file(key).unlink(missing_ok=True)

    def evict(self, key: str) -> None:
        self.cache.delete(self._cache_key(key))

    def copy(self, key: str) -> Callable[[], None]:
        """Return a function that restores the entry as it is now, like a request that saves late.

        For ``db`` it does nothing, because a late save is an update that finds no row.
        """
        if self.engine == "file" and self._file(key).exists():
            return partial(self._file(key).write_bytes, self._file(key).read_bytes())
        name = self._cache_key(key)
        if self.engine in {"cache", "cached_db"} and name in self.cache:
            return partial(self.cache.set, name, self.cache.get(name), site.SESSION_COOKIE_AGE)
        return lambda: None

    def clear_cache(self) -> None:
        self.cache.clear()

    def age(self, by: timedelta) -> None:
        """Let time pass: make everything in the store that much older."""
        if self.engine == "file":
            for file in self._folder.iterdir():
                written = file.stat().st_mtime - by.total_seconds()
                os.utime(file, (written, written))
        if hasattr(self.cache, "_expire_info"):
            expiries = self.cache._expire_info
            expiries.update({k: at and at - by.total_seconds() for k, at in expiries.items()})
        else:
            self._age_redis(by)

    def _age_redis(self, by: timedelta) -> None:
        client = self.cache._cache.get_client(write=True)
        for name in client.scan_iter():
            left = client.pttl(name)
            if left >= 0:
                # A time to live of zero or less deletes the key.
                client.pexpire(name, left - int(by.total_seconds() * 1000))

    def empty(self) -> None:
        self.cache.clear()
        if self.engine == "file":
            for file in self._folder.iterdir():
                file.unlink()

    def _cache_key(self, key: str) -> str:
        store = import_module(site.SESSION_ENGINE).SessionStore
        return getattr(store, "cache_key_prefix", "") + key

    def _file(self, key: str) -> Path:
        return self._folder / (site.SESSION_COOKIE_NAME + key)

    @property
    def _folder(self) -> Path:
        return Path(site.SESSION_FILE_PATH)


def age_database(by: timedelta) -> None:
    """Let time pass for every time about sessions in the database."""
    for model in (Session, *apps.get_app_config("sessions_admin").get_models()):
        moments = [f.name for f in model._meta.fields if isinstance(f, models.DateTimeField)]
        model._base_manager.update(**{name: F(name) - by for name in moments})


def empty_database() -> None:
    labels = ("sessions_admin", "sessions", "accounts")
    with transaction.atomic():
        for label in labels:
            for model in apps.get_app_config(label).get_models():
                model._base_manager.all()._raw_delete(connection.alias)
