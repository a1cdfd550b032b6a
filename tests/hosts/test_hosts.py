"""The app works in other projects after adding the README's four lines."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.support.servers import ROOT

pytestmark = pytest.mark.once

STORY = """
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from sessions_admin.models import TrackedSession

call_command("migrate", verbosity=0)
call_command("check", fail_level="WARNING")
call_command("makemigrations", check=True, dry_run=True, verbosity=0)
User.objects.create_superuser("olga", "olga@example.com", "secret")
User.objects.create_user("ana", "ana@example.com", "secret", is_staff=True, first_name="Ana")
sign_in = {"username": "olga", "password": "secret", "next": "/active-user-sessions/"}
olga, ana = Client(), Client()
assert olga.get("/active-user-sessions/")["Location"].startswith("/admin/login/?next=")
ana.post("/admin/login/", sign_in | {"username": "ana"})
assert ana.get("/active-user-sessions/").status_code == 403
page = olga.post("/admin/login/", sign_in, follow=True).content.decode()
for fact in ("Ana", "ana@example.com", "olga", "Our product", "This session"):
    assert fact in page, fact
row = TrackedSession.objects.get(user__username="ana")
olga.post(f"/active-user-sessions/{row.public_id}/terminate/")
assert ana.get("/admin/").status_code == 302
assert olga.get("/admin/sessions_admin/trackedsession/").status_code == 200
key = TrackedSession.objects.get(user__username="olga").session_key
record = TrackedSession.objects.get(user__username="olga")
change = f"/admin/sessions_admin/trackedsession/{record.pk}/change/"
assert key not in olga.get(change).content.decode()
print("it works")
"""


@pytest.mark.parametrize("host", ["plain", "replicas", "with_heroicons"])
def test_plain_project(tmp_path, host):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": f"tests.hosts.{host}",
        "HOST_DATABASE": str(tmp_path / "host.sqlite3"),
    }
    environment.pop("DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", STORY],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.endswith("it works\n"), done.stderr


PACKED = (("templates", "*"), ("static", "*"), ("locale", "*.mo"), ("", "py.typed"))


def test_a_package_of_it_has_all_that_the_pages_need(tmp_path):
    source, built = tmp_path / "source", tmp_path / "built"
    source.mkdir()
    # Building in the checkout would leave files that the next build packs.
    shutil.copytree(ROOT / "sessions_admin", source / "sessions_admin")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", source, "-w", built],
        check=True,
        capture_output=True,
        timeout=300,
    )
    (wheel,) = built.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    app = ROOT / "sessions_admin"
    needed = [
        path.relative_to(ROOT).as_posix()
        for folder, pattern in PACKED
        for path in (app / folder).rglob(pattern)
        if path.is_file()
    ]
    assert len(needed) > 20
    assert set(needed) <= packed
    assert not any("/project/" in name for name in packed)


def test_the_readme_has_the_same_four_lines():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    host = [
        line
        for name in ("plain.py", "plain_urls.py")
        for line in (ROOT / "tests/hosts" / name).read_text(encoding="utf-8").splitlines()
        if "sessions_admin" in line or line.startswith("SESSIONS_ADMIN")
    ]
    assert len(host) == 3 + 1
    for line in host[:2] + host[3:]:
        assert line in readme
