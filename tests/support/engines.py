"""Every supported session engine, each with a real store behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.sessions.backends import file
from django.core.cache import caches

ENGINES = ("db", "cached_db-local", "cached_db-redis", "cache-redis", "file")


def use_engine(name: str, settings: Any, request: pytest.FixtureRequest) -> None:
    """Switch the settings to an engine of ENGINES."""
    engine, _, cache = name.partition("-")
    if cache == "redis":
        redis = {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": request.getfixturevalue("redis_url"),
        }
        settings.CACHES = {"default": redis}
    if engine == "file":
        settings.SESSION_FILE_PATH = str(request.getfixturevalue("tmp_path"))
        forget_folder()
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"


@pytest.fixture(params=[pytest.param(ENGINES[0], marks=pytest.mark.on_db), *ENGINES[1:]])
def engine(request: pytest.FixtureRequest, settings: Any) -> Iterator[str]:
    """Run the test once on each engine; returns the engine's name."""
    use_engine(request.param, settings, request)
    yield request.param
    caches["default"].clear()
    forget_folder()


def forget_folder() -> None:
    """Clear the session folder that Django caches on the class."""
    if "_storage_path" in file.SessionStore.__dict__:
        del file.SessionStore._storage_path
