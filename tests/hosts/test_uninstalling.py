"""After the steps in docs/upgrading.md, the project works without the app."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.servers import ROOT

pytestmark = pytest.mark.once

USE = """
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

call_command("migrate", verbosity=0)
User.objects.create_superuser("olga", "olga@example.com", "secret")
olga = Client()
olga.post("/admin/login/", {"username": "olga", "password": "secret"})
assert olga.get("/active-user-sessions/").status_code == 200
call_command("migrate", "sessions_admin", "zero", verbosity=0)
with open(os.environ["HOST_COOKIE"], "w") as file:
    file.write(olga.cookies["sessionid"].value)
print("it is gone")
"""

GO_ON = """
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client

call_command("migrate", verbosity=0)
call_command("check", fail_level="WARNING")
call_command("remove_stale_contenttypes", interactive=False, verbosity=0)
assert not [name for name in connection.introspection.table_names() if "sessions_admin" in name]
olga = Client()
olga.cookies["sessionid"] = open(os.environ["HOST_COOKIE"]).read()
assert olga.get("/admin/").status_code == 200
User.objects.get(username="olga").delete()
print("people can be deleted")
"""


def test_people_stay_signed_in_and_can_be_deleted(tmp_path):
    environment = os.environ | {
        "HOST_DATABASE": str(tmp_path / "host.sqlite3"),
        "HOST_COOKIE": str(tmp_path / "cookie"),
    }
    environment.pop("DATABASE_URL", None)
    for host, story, end in (
        ("plain", USE, "it is gone\n"),
        ("uninstalled", GO_ON, "people can be deleted\n"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", "import os" + story],
            cwd=ROOT,
            env=environment | {"DJANGO_SETTINGS_MODULE": f"tests.hosts.{host}"},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.stdout.endswith(end), done.stderr
