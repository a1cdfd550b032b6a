"""Prepares each run of the tests: its options, its environment, its PostgreSQL, and Django.

Django's databases are configured once a process, so each database is a run of its own. This is a
plugin that pyproject.toml names, because the conftest.py of a folder may import models: what
Django's settings are read from has to be there before.

Side by side (`-n 2`), only the controlling process does this. Its workers inherit the environment
and so share one PostgreSQL, in which each has a database; everything else each has for itself.
"""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.support import servers, system_postgresql

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


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Make the environment that Django's settings are read from, and set Django up."""
    if redis_url := os.environ.get("REDIS_URL"):
        os.environ[servers.GIVEN_REDIS] = redis_url
    for name in SITE_VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(
        DEBUG="1",
        SECRET_KEY="a-key-for-tests-only",
        SITE_URL="http://testserver",
        DJANGO_SETTINGS_MODULE="sessions_admin.project.settings",
    )
    # A run that is asked to stop, as by a time limit, stops its servers too.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("Asked to stop.", returncode=143))
    options = early_config.known_args_namespace
    if options.system_postgres:
        os.environ["DATABASE_URL"], server = system_postgresql.start()
        early_config.add_cleanup(server.close)
    elif options.postgres and not _names_postgresql(os.environ.get("DATABASE_URL", "")):
        os.environ["DATABASE_URL"], stop = servers.start_postgresql(durable=False)
        early_config.add_cleanup(stop)
    import django

    django.setup()


def pytest_configure() -> None:
    # Imports Django's models.
    from tests.support.secrecy import watch

    watch.install()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Start the Redis of a worker here: a worker that is stopped would leave it behind."""
    node.workerinput["redis_url"], stop = servers.start_redis()
    node.config.add_cleanup(stop)


def pytest_report_header() -> str:
    from django.db import connection

    return f"database: {connection.display_name}"


def _names_postgresql(url: str) -> bool:
    return url.startswith(("postgres://", "postgresql://"))
