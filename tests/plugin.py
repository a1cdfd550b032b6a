"""Prepares a test session: its options, its environment, its PostgreSQL, and Django.

Django's databases are configured once a process, so each database needs a test session of its own.
This is a plugin, named in pyproject.toml, because the conftest.py of a folder may import models,
and the environment that Django's settings read has to be ready before.

With `-n 2`, only the controlling process does this. The workers inherit the environment and share
one PostgreSQL, in which each has a database; everything else each has for itself.
"""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.support import servers, system_postgresql

# Variables of the shell that would change the site under test.
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
    """Set the environment that Django's settings read, and set Django up."""
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
    # Stop the servers too when the test session is terminated, for example by a time limit.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("Asked to stop.", returncode=143))
    options = early_config.known_args_namespace
    if options.system_postgres:
        # Statistics gathered anew between two tests would change the plans that they check.
        steady = {"autovacuum": "off"}
        os.environ["DATABASE_URL"], server = system_postgresql.start(options=steady)
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
    """Start a worker's Redis here, because a stopped worker would leave it running."""
    node.workerinput["redis_url"], stop = servers.start_redis()
    node.config.add_cleanup(stop)


def pytest_report_header() -> str:
    from django.db import connection

    return f"database: {connection.display_name}"


def _names_postgresql(url: str) -> bool:
    return url.startswith(("postgres://", "postgresql://"))
