"""Starts the system's PostgreSQL, which has the contrib extensions that the package lacks."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from tests.support.servers import PATIENCE


def find() -> Path | None:
    """Return the folder with the newest server's programs, if one is installed."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(found, key=lambda path: int(path.parent.parent.name))
    return newest[-1].parent if newest else None


def start(*, options: dict[str, str] | None = None) -> tuple[str, contextlib.ExitStack]:
    """Start a separate server on its own socket. Return its URL and an object that stops it.

    ``options`` are settings of the server.
    """
    programs = find()
    if programs is None:
        raise FileNotFoundError("No PostgreSQL is installed: on Debian, apt-get install postgresql")
    with contextlib.ExitStack() as cleanup:
        folder = Path(tempfile.mkdtemp(prefix="sessions-admin-spg-"))
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        user = None
        if os.getuid() == 0:
            user = "postgres"  # The server refuses to run as root.
            shutil.chown(folder, user, user)
        data = folder / "data"
        options_of_initdb = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        subprocess.run(
            [programs / "initdb", "-D", data, "--no-sync", *options_of_initdb],
            check=True,
            user=user,
            stdout=subprocess.DEVNULL,
        )
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "fsync": "off",
            **(options or {}),
        }
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, *(f"--{n}={v}" for n, v in settings.items())],
            user=user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        cleanup.callback(_stop, server)
        _wait(programs, folder)
        return f"postgresql://postgres@/postgres?host={folder}", cleanup.pop_all()
    raise AssertionError


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)  # A fast shutdown, which waits for no connection.
    server.wait(timeout=PATIENCE)


def _wait(programs: Path, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    ready = [programs / "pg_isready", "-q", "-h", folder, "-U", "postgres"]
    while subprocess.run(ready, check=False).returncode:
        if time.monotonic() > deadline:
            raise TimeoutError("PostgreSQL did not start")
        time.sleep(0.1)
