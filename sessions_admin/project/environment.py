"""Reads the site's environment variables, strictly.

A wrong value raises one sentence that names the variable and says what to write instead. It never
repeats a URL, because URLs contain passwords.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import SplitResult, urlsplit

import environ
from django.core.checks.security.base import SECRET_KEY_INSECURE_PREFIX
from django.core.exceptions import ImproperlyConfigured

TRUE = ("1", "true", "yes", "on")
FALSE = ("", "0", "false", "no", "off")
SQLITE = ("sqlite",)
POSTGRESQL = ("postgres", "postgresql")
REDIS = ("redis", "rediss", "unix")
ENGINES = "django.contrib.sessions.backends."
CACHED_ENGINES = ("cache", "cached_db")
DEVELOPMENT_KEY = "insecure-development-key"
KEY_LENGTH = 50
KEY_LETTERS = 5
ENGINE_NAMES = ("db", "file", "signed_cookies", *CACHED_ENGINES)


def text(name: str, *, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def words(name: str, *, default: str = "") -> list[str]:
    """Return a comma-separated list."""
    return [word.strip() for word in text(name, default=default).split(",") if word.strip()]


def flag(name: str, *, default: bool) -> bool:
    value = text(name, default=str(default)).lower()
    if value not in TRUE + FALSE:
        raise ImproperlyConfigured(f"{name} is {value!r}: write 1 for on or 0 for off.")
    return value in TRUE


def number(name: str, *, default: int) -> int:
    """Return a whole number, zero or more."""
    value = text(name, default=str(default))
    if not (value.isascii() and value.isdigit()):
        raise ImproperlyConfigured(f"{name} is {value!r}: write a whole number such as {default}.")
    return int(value)


def count_or_words(name: str) -> int | list[str]:
    """Return a whole number or a comma-separated list; 0 when it is not set."""
    value = text(name, default="0")
    return number(name, default=0) if value.isdigit() else words(name)


def secret_key(*, debug: bool) -> str:
    value = text("SECRET_KEY")
    if not value and not debug:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set: set it to a long random value, or set DEBUG=1 to work locally."
        )
    if not debug:
        _refuse_weak("SECRET_KEY", value)
    return value or DEVELOPMENT_KEY


def secret_key_fallbacks(*, debug: bool) -> list[str]:
    """Return the former keys, which must be as strong: what they signed is still accepted."""
    keys = words("SECRET_KEY_FALLBACKS")
    if not debug:
        for key in keys:
            _refuse_weak("SECRET_KEY_FALLBACKS", key)
    return keys


def _refuse_weak(name: str, key: str) -> None:
    """Refuse weak keys, about which Django's deployment check (security.W009) only warns."""
    is_default = key == DEVELOPMENT_KEY or key.startswith(SECRET_KEY_INSECURE_PREFIX)
    if is_default or len(key) < KEY_LENGTH or len(set(key)) < KEY_LETTERS:
        raise ImproperlyConfigured(
            f"{name} is a default or too easy to guess: set it to at least {KEY_LENGTH} random "
            "characters, or set DEBUG=1 to work locally."
        )


def database(*, default: str) -> dict[str, Any]:
    """Return the database that DATABASE_URL names: a SQLite file, or PostgreSQL behind a pool."""
    url = text("DATABASE_URL") or default
    parts = _split("DATABASE_URL", url, SQLITE + POSTGRESQL)
    is_file = parts.scheme in SQLITE
    if len(parts.path) < 2 or (is_file and parts.netloc):
        example = "sqlite:////srv/site.sqlite3" if is_file else "postgresql://user@host/name"
        raise ImproperlyConfigured(f"DATABASE_URL names no database: write it as in {example}.")
    config: dict[str, Any] = environ.Env.db_url_config(url)
    return _sqlite(config) if is_file else _postgresql(config)


def _sqlite(config: dict[str, Any]) -> dict[str, Any]:
    # Take the write lock when a transaction begins. A transaction that only starts writing half-way
    # would fail immediately if another one writes, whatever the timeout.
    config["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        **config.get("OPTIONS", {}),
    }
    return config


def _postgresql(config: dict[str, Any]) -> dict[str, Any]:
    config["CONN_HEALTH_CHECKS"] = True
    config["OPTIONS"] = {"connect_timeout": 5, **_pool(), **config.get("OPTIONS", {})}
    return config


def _pool() -> dict[str, Any]:
    """Return the options of each process's pool; none if DATABASE_POOL_SIZE is 0."""
    # The server's threads come and go, and one connection per thread would leak with them.
    size = number("DATABASE_POOL_SIZE", default=10)
    # A pool doubles its wait after each failed reconnect, and so recovers late after a long outage.
    # One that gives up early reconnects with the next request.
    pool = {"min_size": 1, "max_size": size, "timeout": 5, "reconnect_timeout": 5}
    return {"pool": pool} if size else {}


def caches() -> dict[str, dict[str, Any]]:
    """Return Redis when REDIS_URL names one, else a cache local to this process."""
    url = text("REDIS_URL")
    if not url:
        return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    _split("REDIS_URL", url, REDIS)
    return {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": url,
            "OPTIONS": {"socket_connect_timeout": 5, "socket_timeout": 5},
        }
    }


def session_engine() -> str:
    """Return SESSION_ENGINE, given by its short name or its full one."""
    shared = bool(text("REDIS_URL"))
    name = text("SESSION_ENGINE").removeprefix(ENGINES) or ("cached_db" if shared else "db")
    if name not in ENGINE_NAMES:
        raise ImproperlyConfigured(
            f"SESSION_ENGINE is {name!r}: write one of {', '.join(ENGINE_NAMES)}."
        )
    if name in CACHED_ENGINES and not shared:
        # Each process would have its own cache, where a terminated session would stay alive.
        raise ImproperlyConfigured(f"SESSION_ENGINE={name} needs a shared cache: set REDIS_URL.")
    return ENGINES + name


def email(*, default: str) -> dict[str, Any]:
    """Return Django's EMAIL_* settings."""
    url = text("EMAIL_URL") or default
    _split("EMAIL_URL", url, tuple(environ.Env.EMAIL_SCHEMES))
    config: dict[str, Any] = environ.Env.email_url_config(url)
    return config


def site_url(*, hosts: list[str], tls: bool) -> str:
    """Return the site's base URL, such as https://sessions.example: SITE_URL, or the first host."""
    named = next((host for host in hosts if not host.startswith((".", "*"))), "")
    url = text("SITE_URL") or (f"{'https' if tls else 'http'}://{named}" if named else "")
    if not url:
        raise ImproperlyConfigured(
            "SITE_URL is not set, and ALLOWED_HOSTS names no single host: set it to where the site "
            "is reached, as in https://sessions.example."
        )
    parts = _split("SITE_URL", url, ("http", "https"))
    if not parts.hostname or url.rstrip("/") != f"{parts.scheme}://{parts.netloc}" or "@" in url:
        raise ImproperlyConfigured(
            "SITE_URL must be a scheme, a host and perhaps a port, as in https://sessions.example."
        )
    return f"{parts.scheme}://{parts.netloc}"


def proxy_header(name: str) -> tuple[str, str] | None:
    """Parse the header and value that indicate TLS, such as HTTP_X_FORWARDED_PROTO,https."""
    parts = words(name)
    if not parts:
        return None
    if len(parts) != 2 or not parts[0].startswith("HTTP_"):
        raise ImproperlyConfigured(
            f"{name} is {','.join(parts)!r}: write HTTP_X_FORWARDED_PROTO,https, or leave it out."
        )
    return parts[0], parts[1]


def _split(name: str, url: str, schemes: tuple[str, ...]) -> SplitResult:
    """Parse a URL, which must begin with one of the schemes."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} is not a URL that can be read: check its host, port and escaped characters."
        ) from None
    if parts.scheme not in schemes or "://" not in url:
        known = ", ".join(f"{scheme}://" for scheme in schemes)
        raise ImproperlyConfigured(f"{name} must begin with one of these: {known}")
    return parts
