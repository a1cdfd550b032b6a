"""Runs the tests on SQLite, or with `--postgres` on PostgreSQL, with real servers and browsers.

Django's databases are configured once a process, so each database is a run of its own.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from . import servers, system_postgresql

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Variables of the shell that would make the site under test another one.
SITE_VARIABLES = (
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "DATABASE_POOL_SIZE",
    "EMAIL_URL",
    "FORWARDED_HEADER",
    "IDLE_TIMEOUT",
    "MAX_LIFETIME",
    "GEOIP_PATH",
    "REDIS_URL",
    "SECURE_PROXY_SSL_HEADER",
    "SECURE_TLS",
    "SESSION_ENGINE",
    "TRUSTED_PROXIES",
)

redis_url_given = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        action="store_true",
        help="run on PostgreSQL: the one DATABASE_URL names, or one that the tests start",
    )
    parser.addoption(
        "--system-postgres",
        action="store_true",
        help="run on a private cluster of the machine's own PostgreSQL, which has pg_trgm",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the environment that Django's settings are about to be read from."""
    config.stash[redis_url_given] = os.environ.get("REDIS_URL", "")
    for name in SITE_VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(
        DEBUG="1",
        SECRET_KEY="a-key-for-tests-only",
        SITE_URL="http://testserver",
        DJANGO_SETTINGS_MODULE="sessions_admin.project.settings",
    )
    # A run that is told to stop, as by a time limit, stops its servers too.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("Told to stop.", returncode=143))
    if config.getoption("system_postgres"):
        os.environ["DATABASE_URL"], server = system_postgresql.start()
        config.add_cleanup(server.close)
    elif config.getoption("postgres") and not _names_postgresql(os.environ.get("DATABASE_URL", "")):
        os.environ["DATABASE_URL"], stop = servers.start_postgresql()
        config.add_cleanup(stop)
    import django

    # Only now: the test modules import models, whose settings come from this environment.
    django.setup()
    from .secrecy import watch

    watch.install()


def pytest_report_header() -> str:
    from django.db import connection

    return f"database: {connection.display_name}"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep SQLite in a file: in memory, all threads of a live server share one connection."""
    from django.db import connection

    if connection.vendor == "sqlite":
        folder = tmp_path_factory.mktemp("sqlite")
        connection.settings_dict["TEST"]["NAME"] = str(folder / "test.sqlite3")


@pytest.fixture(autouse=True)
def fast_passwords(settings: Any) -> None:
    """Hash cheaply, except where a test is about hashing and sets its own."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def keys_stay_secret() -> Iterator[None]:
    """No session key leaves its store, its column and its cookie, whatever the test does."""
    from .secrecy import watch

    watch.start()
    yield
    assert not watch.leaks, f"A session key was seen in {watch.leaks[:3]}"


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """Tests share one process, and so its local cache."""
    from django.core.cache import cache

    yield
    cache.clear()


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A real Redis: the one REDIS_URL named, or one that lives as long as the tests."""
    given = request.config.stash[redis_url_given]
    if given:
        yield given
        return
    url, stop = servers.start_redis()
    yield url
    stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The machine's Chromium. Each `browser.new_context()` is another person's browser."""
    executable = servers.find_chromium()
    from playwright.sync_api import sync_playwright

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
    """Opens pages of the live site, each in a browser of its own: `new_page(locale="de")`."""
    contexts = []

    def open_page(**options: Any) -> Any:
        contexts.append(browser.new_context(base_url=live_server.url, **options))
        return contexts[-1].new_page()

    yield open_page
    # Before the database is emptied: an open page may still be asking for something.
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: Any) -> Any:
    """One page of the live site: `page.goto("/accounts/login/")`."""
    return new_page()


def _names_postgresql(url: str) -> bool:
    return url.startswith(("postgres://", "postgresql://"))
