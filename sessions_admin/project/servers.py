"""Checks that the database and the cache can be reached before anything depends on them."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.db import connection


def require_reachable() -> None:
    """Raise ImproperlyConfigured, in one sentence, for a server that does not answer."""
    _require_database()
    _require_cache()


def _require_database() -> None:
    probe = connection.copy()
    # A pool would keep retrying long after the first refusal.
    probe.settings_dict["OPTIONS"].pop("pool", None)
    try:
        _make_folder(probe.settings_dict)
        probe.ensure_connection()
    except (DatabaseError, OSError) as error:
        reason = _first_line(error, secret=probe.settings_dict["PASSWORD"])
        raise ImproperlyConfigured(
            f"The database that DATABASE_URL names cannot be opened: {reason}"
        ) from error
    finally:
        probe.close()


def _make_folder(database: dict[str, str]) -> None:
    """Create the folder of the SQLite file, because SQLite creates only the file itself."""
    if database["ENGINE"].endswith("sqlite3"):
        Path(database["NAME"]).parent.mkdir(parents=True, exist_ok=True)


def _require_cache() -> None:
    location = settings.CACHES["default"].get("LOCATION", "")
    try:
        cache.get("reachable")
    except Exception as error:
        # Each cache library has its own exceptions; here they all mean the same.
        secret = _password(location) if isinstance(location, str) else ""
        reason = _first_line(error, secret=secret)
        raise ImproperlyConfigured(
            f"The cache that REDIS_URL names cannot be reached: {reason}"
        ) from error


def _password(url: str) -> str:
    found = re.match(r"[^/]*//[^/@]*:([^/@]+)@", url)
    return found[1] if found else ""


def _first_line(error: Exception, *, secret: str) -> str:
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    return text.replace(secret, "…") if secret else text
