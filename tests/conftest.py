"""Cheap passwords, secret keys and an empty cache for every test; Redis and browsers on demand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import translation
from playwright.sync_api import sync_playwright

from tests.support import servers
from tests.support.engines import engine
from tests.support.people import acme, ana, demo_map, demo_map_file, globex
from tests.support.secrecy import watch

__all__ = ["acme", "ana", "demo_map", "demo_map_file", "engine", "globex"]

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep SQLite in a file: in memory, all threads of a live server share one connection.

    Nothing in it has to survive a power cut.
    """
    if connection.vendor == "sqlite":
        folder = tmp_path_factory.mktemp("sqlite")
        connection.settings_dict["TEST"]["NAME"] = str(folder / "test.sqlite3")
        connection.settings_dict["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"


@pytest.fixture(autouse=True)
def fast_passwords(settings: Any) -> None:
    """Hash cheaply, except where a test about hashing sets its own hashers."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def keys_stay_secret() -> Iterator[None]:
    """Fail any test in which a session key leaves its store, its column and its cookie."""
    watch.start()
    yield
    assert not watch.leaks, f"A session key was seen in {watch.leaks[:3]}"


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """Empty the local cache, which all tests of the process share."""
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """A request leaves its language active in the thread, which the next test shares."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a real Redis: the one REDIS_URL names, or one started for the tests.

    Tests empty it and fill it up, so each parallel worker has one of its own.
    """
    worker = getattr(request.config, "workerinput", {})
    if given := worker.get("redis_url") or os.environ.get(servers.GIVEN_REDIS):
        yield given
        return
    url, stop = servers.start_redis()
    yield url
    stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's Chromium. Each `browser.new_context()` is another person's browser."""
    executable = servers.find_chromium()
    with pytest.MonkeyPatch.context() as patch:
        # Playwright keeps an event loop in this thread, which Django would take for async code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=executable, args=CHROMIUM_ARGUMENTS
            )
            yield chromium
            chromium.close()


@pytest.fixture
def new_page(browser: Any, live_server: Any) -> Iterator[Any]:
    """Open pages of the live site, each in a browser of its own: `new_page(locale="de")`."""
    contexts = []

    def open_page(**options: Any) -> Any:
        contexts.append(browser.new_context(base_url=live_server.url, **options))
        contexts[-1].set_default_timeout(servers.PATIENCE * 1000)
        return contexts[-1].new_page()

    yield open_page
    # Close pages before the database is emptied, because an open page may still send requests.
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: Any) -> Any:
    """One page of the live site: `page.goto("/accounts/login/")`."""
    return new_page()
