"""The site in several processes over HTTP, and visitors that send many requests.

``start_site`` serves the site in worker processes, on the databases and caches of the test.
``application`` is what those processes load.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from tests.support.servers import PATIENCE, ROOT, free_port

VARIABLE = "SITE_OF_THE_TEST"
SHARED_SETTINGS = (
    "CACHES",
    "PASSWORD_HASHERS",
    "ROOT_URLCONF",
    "SESSIONS_ADMIN",
    "SESSION_ENGINE",
    "SESSION_FILE_PATH",
    "SESSION_SAVE_EVERY_REQUEST",
)
CONNECTION = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS", "CONN_HEALTH_CHECKS")


def application() -> Callable[..., Any]:
    """The WSGI application with the settings of the test that started this process."""
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    for name, value in json.loads(os.environ[VARIABLE]).items():
        setattr(settings, name, value)
    django.setup()
    # Refused requests are normal under this load and would fill the log.
    logging.disable(logging.WARNING)
    return get_wsgi_application()


def start_site(*, workers: int, **overrides: Any) -> tuple[int, Callable[..., None]]:
    """Serve the site with the test's settings and these overrides.

    Return its port and a function that stops it: `stop(signal.SIGKILL)` kills all its processes
    immediately.
    """
    port = free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"),
        *("--workers", str(workers), "--threads", "3", "--log-level", "error"),
        "tests.support.storm:application()",
    ]
    environment = {
        **os.environ,
        VARIABLE: json.dumps(_settings_of_the_test() | overrides, default=str),
    }
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
    )

    def stop(by: int = signal.SIGTERM) -> None:
        os.killpg(process.pid, by) if by == signal.SIGKILL else process.send_signal(by)
        process.wait(timeout=PATIENCE)

    try:
        _wait_for_site(port)
    except BaseException:
        stop()
        raise
    return port, stop


@dataclass
class Visitor:
    """A browser on its own connection, with every session key it was ever given."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def send(
        self, method: str, address: str, body: str = "", content_type: str = "application/json"
    ) -> tuple[int, str]:
        """Send a request. Return the status and the text of the answer."""
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "X-CSRFToken": self.cookies.get("csrftoken", ""),
            "Content-Type": content_type,
            **self.headers,
        }
        self._connection.request(method, address, body.encode() or None, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        self._keep(answer.headers.get_all("Set-Cookie") or [])
        return answer.status, text

    def get(self, address: str) -> tuple[int, str]:
        return self.send("GET", address)

    def sign_in(self, email: str, password: str) -> Visitor:
        credentials = json.dumps({"email": email, "password": password})
        status, text = self.send("POST", "/api/mobile/sign-in/", credentials)
        assert status == 200, text
        return self

    def is_signed_in(self) -> bool:
        status, text = self.get("/api/mobile/me/")
        assert status in {200, 401}, text
        return status == 200

    def with_key(self, key: str) -> Visitor:
        """Return a visitor on the same connection with only this session key."""
        self.cookies = {"sessionid": key}
        return self

    @property
    def key(self) -> str:
        return self.cookies.get("sessionid", "")

    def close(self) -> None:
        self._connection.close()

    def _keep(self, set_cookies: list[str]) -> None:
        for name, morsel in ((n, m) for line in set_cookies for n, m in SimpleCookie(line).items()):
            if not morsel.value:
                self.cookies.pop(name, None)
                continue
            self.cookies[name] = morsel.value
            if name == "sessionid" and morsel.value not in self.keys:
                self.keys.append(morsel.value)


def _settings_of_the_test() -> dict[str, Any]:
    from django.conf import settings
    from django.db import connection

    shared = {name: getattr(settings, name) for name in SHARED_SETTINGS}
    database = {name: connection.settings_dict[name] for name in CONNECTION}
    return shared | {"DATABASES": {"default": database}}


def _wait_for_site(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        visitor = Visitor(port)
        try:
            status, _ = visitor.get("/accounts/login/")
            assert status == 200
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        finally:
            visitor.close()
