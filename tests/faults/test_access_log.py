"""Each request writes one line of printable ASCII to the access log."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.servers import ROOT

SECONDS_TO_START = 40
# One case each: a forged line, a colour, control characters, non-ASCII letters, a search.
TARGETS = {
    b"/a%0a[26/Nov/2026:00:00:00]%20GET%20/b": "/a%0A[26/Nov/2026:00:00:00] GET /b",
    b"/b%1b[2J%1b[31mred": "/b%1B[2J%1B[31mred",
    b"/c%c2%9b31m%0d%00%7f": "/c%C2%9B31m%0D%00%7F",
    b"/d%c5%be": "/d%C5%BE",
    b"/e%25?q=Mia+Member": "/e% ",
}
# gunicorn rejects these.
REFUSED = ["/dž".encode(), b"/e\x9b31m\x85", b"/f\x1b[31m"]


def options_of_make_run() -> list[str]:
    """Return gunicorn's options in the Makefile, without the bind address."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (command,) = re.findall(r"gunicorn (--bind.*?)\n\n", makefile, re.DOTALL)
    return shlex.split(command.replace("\\\n", " "))[2:]


@pytest.fixture
def port(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, *options_of_make_run()], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            deadline = time.monotonic() + SECONDS_TO_START
            while True:
                try:
                    ask(port, b"/accounts/login/")
                    break
                except OSError:
                    assert time.monotonic() < deadline
                    time.sleep(0.2)
            yield port
        finally:
            server.terminate()
            server.wait(timeout=20)


def ask(port: int, target: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n" % target)
        connection.sendall(b"Connection: close\r\n\r\n")
        return connection.recv(1000)


def test_nobody_forges_a_line_or_sends_colours_to_the_terminal(port, tmp_path):
    for target in TARGETS:
        assert ask(port, target).startswith(b"HTTP/1.1 4"), target
    for target in REFUSED:
        assert ask(port, target).startswith(b"HTTP/1.1 400"), target
    ask(port, b"/last/")
    starts = [*TARGETS.values(), "/last/"]
    # The server logs a request after its answer, in a thread of its own: lines may change places.
    deadline = time.monotonic() + 10
    while True:
        content = (tmp_path / "log").read_bytes()
        if all(f" GET {start}".encode() in content for start in starts):
            break
        assert time.monotonic() < deadline, content
        time.sleep(0.1)
    lines = content.decode().splitlines()
    others = ("/accounts/login/", "WARNING")
    asked = [line for line in lines if " GET /" in line and not any(o in line for o in others)]
    for line in asked:
        assert re.match(r"\[\d\d/\w+/\d{4}:[\d:]+ [+-]\d{4}\] GET /", line), line
        assert re.search(r" 4\d\d \d+ ms$", line), line
    for start in starts:
        assert sum(f" GET {start}" in line for line in asked) == 1, start
    assert len(asked) == len(starts)
    assert "Mia" not in content.decode()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028]", content.decode())
