"""The app in a project with a third-party package for sessions: django-user-sessions."""

from __future__ import annotations

import os
import subprocess
import sys

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
for name in ("olga", "ana"):
    User.objects.create_superuser(name, f"{name}@example.com", "secret")
sign_in = {"password": "secret", "next": "/active-user-sessions/"}
olga, ana = Client(), Client()
olga.post("/admin/login/", sign_in | {"username": "olga"})
ana.post("/admin/login/", sign_in | {"username": "ana"})
assert ana.get("/active-user-sessions/").status_code == 200
# Another person signs in over her, and she over them.
for name in ("olga", "ana"):
    ana.post("/admin/login/", sign_in | {"username": name})
    page = ana.get("/active-user-sessions/")
    assert (page.status_code, page.wsgi_request.user.username) == (200, name)
row = TrackedSession.objects.get(user__username="ana", ended_at=None)
key = ana.cookies["sessionid"].value
assert row.session_key == key
olga.post(f"/active-user-sessions/{row.public_id}/terminate/")
for _ in range(2):
    ana.cookies["sessionid"] = key
    assert ana.get("/active-user-sessions/").status_code == 302
row.refresh_from_db()
assert (row.end_reason, row.reuse_count) == ("terminated", 2)
# A sign-in with the cookie of an ended session.
ana.cookies["sessionid"] = key
ana.post("/admin/login/", sign_in | {"username": "ana"}, REMOTE_ADDR="192.0.2.9")
from user_sessions.models import Session
assert Session.objects.get(session_key=ana.cookies["sessionid"].value).ip == "192.0.2.9"
assert ana.get("/active-user-sessions/", REMOTE_ADDR="192.0.2.9").status_code == 200
print("it works")
"""


@pytest.mark.parametrize("order", ["right after", "last"])
def test_django_user_sessions(tmp_path, order):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.hosts.user_sessions_host",
        "HOST_DATABASE": str(tmp_path / "host.sqlite3"),
        "HOST_ORDER": order,
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
