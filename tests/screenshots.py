"""Takes the screenshots for the docs from the demo: `make screenshots`.

The site uses a temporary database, so the screenshots show what `make run` shows on its first day.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

from tests.support.servers import ROOT, find_chromium

IMAGES = ROOT / "docs" / "images"
LIST = "/account-management/advanced-security/active-user-sessions/"
PERSON, PASSWORD = "admin@acme.example", "demo-password"
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/26.0 Safari/605.1.15"
)
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SECONDS_TO_START = 60


def main() -> None:
    with served() as origin, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        # One sign-in for all screenshots, because each would add a row.
        context = browser.new_context(base_url=origin, user_agent=SAFARI, reduced_motion="reduce")
        page = context.new_page()
        sign_in(page)
        take(page, "active-user-sessions", DESK, "light")
        take(page, "active-user-sessions-dark", DESK, "dark")
        take(page, "active-user-sessions-phone", PHONE, "light")
        page.set_viewport_size(DESK)
        page.locator("tbody tr").nth(2).get_by_role("link", name="Terminate").click()
        page.get_by_role("dialog").get_by_role("button", name="Terminate session").wait_for()
        save(page, "terminate")
        browser.close()


def sign_in(page: Page, person: str = PERSON) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email address").fill(person)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("(your menu)").wait_for(state="attached")


def take(page: Page, name: str, size: dict[str, int], scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    page.goto(LIST)
    page.locator("tbody tr").first.wait_for()
    save(page, name)
    page.emulate_media(color_scheme="light")


def save(page: Page, name: str) -> None:
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path, animations="disabled")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")


@contextmanager
def served() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        site = os.environ | {"DEBUG": "1", "DATABASE_URL": f"sqlite:///{folder}/site.sqlite3"}
        run = [sys.executable, "manage.py", "prepare_site", "--port", str(port)]
        subprocess.run(run, cwd=ROOT, env=site, check=True, stdout=subprocess.DEVNULL)
        serve = [
            "gunicorn",
            "--bind",
            f"127.0.0.1:{port}",
            "--threads",
            "8",
            "--log-level",
            "error",
        ]
        wsgi = "sessions_admin.project.wsgi:application"
        server = subprocess.Popen([sys.executable, "-m", *serve, wsgi], cwd=ROOT, env=site)
        try:
            origin = f"http://127.0.0.1:{port}"
            wait_for(f"{origin}/accounts/login/")
            yield origin
        finally:
            server.terminate()
            server.wait(timeout=10)


def wait_for(address: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            with urlopen(address):
                return
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    main()
