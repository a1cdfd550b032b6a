"""The app holds its promises in projects of many shapes (see ``projects``)."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.servers import start_own_postgresql

pytestmark = pytest.mark.once

DRIVEN = (
    "allauth_headless",
    "asynchronous",
    "bare",
    "below_a_path",
    "hijack",
    "languages",
    "many_saves",
    "namespaced",
    "no_sign_in",
    "no_time_zones",
    "organisations",
    "own_authentication",
    "own_users",
    "patched",
    "reads_user",
    "startproject",
    "tuples",
    "two_databases",
)


@pytest.fixture
def run(installed, tmp_path):
    """Return a function that runs Python in a project of a shape, with the app from its wheel."""

    def run(shape: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(map(str, (installed, Path(__file__).parent))),
                "PYTHONDONTWRITEBYTECODE": "1",
                "DJANGO_SETTINGS_MODULE": f"projects.{shape}",
                "HOST_FOLDER": str(tmp_path),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.mark.parametrize("shape", DRIVEN)
def test_from_the_sign_in_to_the_cookie_used_again(run, shape):
    done = run(shape, "-m", "projects.drive")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["db", "cached_db", "cache", "file"]


def test_tenants_with_schemas(run):
    server = start_own_postgresql()
    try:
        # Only the folder of its socket; all else is in the settings.
        folder = parse_qs(urlsplit(server.url).query)["host"][0]
        done = run("tenants", "-m", "projects.drive", HOST_POSTGRESQL=folder)
    finally:
        server.stop()
    assert done.returncode == 0, done.stderr
    # Commands of django-tenants print what they do, in more than a word.
    lines = [line for line in done.stdout.splitlines() if re.fullmatch(r"\w+", line)]
    assert lines == ["db", "cached_db", "cache", "file"]


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ("catch_all", "sessions_admin.E006) /active-user-sessions/ does not lead to the page"),
        ("no_sign_in", "sessions_admin.E007) LOGIN_URL is 'no_such_page', which names no page."),
        ("mysql", "sessions_admin.E008) The database 'default' is MySQL (mysql)."),
        ("users_elsewhere", "sessions_admin.E009) The tracked sessions are in the database"),
    ],
)
def test_a_project_that_cannot_work_learns_what_to_change(run, tmp_path, shape, says):
    checked = run(shape, "-m", "django", "check", "--tag", "sessions_admin")
    assert checked.returncode == 1
    assert says in checked.stderr
    assert "HINT" in checked.stderr
    migrated = run(shape, "-m", "django", "migrate")
    assert migrated.returncode == 1
    assert says in migrated.stderr
    with sqlite3.connect(tmp_path / "db.sqlite3") as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == []


@pytest.mark.parametrize(
    ("shape", "command"),
    [
        ("mysql", "'migrate'"),  # Code that calls the command skips the checks.
        ("mysql", "'migrate', 'sessions_admin'"),
        ("mysql_beside", "'migrate', database='legacy', skip_checks=False"),
    ],
)
def test_no_migration_begins_on_a_database_that_does_not_fit(run, tmp_path, shape, command):
    call = f"import django; django.setup(); django.core.management.call_command({command})"
    migrated = run(shape, "-c", f"import django.core.management; {call}")
    assert migrated.returncode == 1
    assert "sessions_admin.E008) The database" in migrated.stderr
    for path in tmp_path.glob("*.sqlite3"):
        with sqlite3.connect(path) as database:
            assert database.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_a_database_beside_the_one_of_the_app_is_none_of_its_business(run):
    migrated = run(
        "mysql_beside", "-m", "django", "migrate", "--database", "legacy", "contenttypes"
    )
    assert migrated.returncode == 0, migrated.stderr


def test_apps_of_allauth_that_are_not_tracked_are_reported(run):
    checked = run("allauth_untracked", "-m", "django", "check", "--tag", "sessions_admin")
    assert "sessions_admin.W012) Sign-ins of apps through allauth's headless API" in checked.stderr
    driven = run("allauth_untracked", "-m", "projects.drive")
    assert "['sessions_admin.W012']" in driven.stderr


def test_tenants_without_the_app_learn_it(run):
    checked = run("tenants_incomplete", "-m", "django", "check", "--tag", "sessions_admin")
    assert "sessions_admin.E011) TENANT_APPS has the users" in checked.stderr
    assert "Add 'sessions_admin' to TENANT_APPS" in checked.stderr


def test_the_doctor_shows_no_tracebacks_if_everything_holds(run):
    assert run("in_development", "-m", "django", "migrate").returncode == 0
    done = run("in_development", "-m", "django", "sessions_admin_doctor")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("shape", "fails"),
    [
        ("catch_all", "The page lists it: /active-user-sessions/ answers 200, without it"),
        ("not_tracked", "The session is tracked: it has no row"),
        ("resurrects", "A request in flight cannot save it again: the cookie is served"),
        ("no_sign_in", "The system checks have no errors: see the errors above"),
    ],
)
def test_the_doctor_says_what_does_not_hold(run, shape, fails):
    assert run(shape, "-m", "django", "migrate", "--skip-checks").returncode == 0
    done = run(shape, "-m", "django", "sessions_admin_doctor")
    assert done.returncode == 1
    assert f"FAILED  {fails}" in done.stdout
    assert "ok      All that was created is removed" in done.stdout
    assert "Not everything held" in done.stderr


def test_the_doctor_says_why_it_cannot_examine(run):
    assert run("required_fields", "-m", "django", "migrate", "--run-syncdb").returncode == 0
    doctor = ("-m", "django", "sessions_admin_doctor")
    done = run("required_fields", *doctor)
    assert done.returncode == 1
    assert "No person could be created" in done.stderr
    assert "Pass --user" in done.stderr
    assert "There is no user named 'ana'." in run("required_fields", *doctor, "--user=ana").stderr
    create = (
        "import django; django.setup(); from projects.people_with_desks.models import *; "
        "Person.objects.create(name='ana', desk=Desk.objects.create(number=7), last_login=None)"
    )
    assert run("required_fields", "-c", create).returncode == 0
    done = run("required_fields", *doctor, "--user=ana")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everything held." in done.stdout
    left = (
        "import django; django.setup(); from projects.people_with_desks.models import *; "
        "from sessions_admin.models import *; ana = Person.objects.get(); "
        "print(ana.last_login, TrackedSession.objects.count(), Termination.objects.count())"
    )
    assert run("required_fields", "-c", left).stdout == "None 0 0\n"


SIGN_IN = """
import django; django.setup()
from django.contrib.auth.models import User
from django.test import Client
User.objects.create_user("ana", password="secret")
ana = Client()
ana.post("/login/", {"username": "ana", "password": "secret"})
print(ana.cookies["sessionid"].value)
"""
DELETE = """
import sys, django; django.setup()
from django.contrib.auth.models import User
from django.test import Client
ana = Client()
ana.cookies["sessionid"] = sys.argv[1]
print(ana.get("/me/").content.decode())
User.objects.get().delete()
print(ana.get("/me/").content.decode())
"""


def test_uninstalling_leaves_a_database_in_which_people_can_be_deleted(run, tmp_path):
    """After the steps in docs/upgrading.md, the project works without the app."""
    run("startproject", "-m", "django", "migrate")
    cookie = run("startproject", "-c", SIGN_IN).stdout.strip()
    too_soon = run("uninstalled", "-c", DELETE, cookie)
    assert "FOREIGN KEY constraint failed" in too_soon.stderr
    undone = run("startproject", "-m", "django", "migrate", "sessions_admin", "zero")
    assert undone.returncode == 0, undone.stderr
    done = run("uninstalled", "-c", DELETE, cookie)
    assert done.stdout.split() == ["ana", "nobody"], done.stderr
    for command in (
        ("migrate", "--check"),
        ("check", "--fail-level", "WARNING"),
        ("remove_stale_contenttypes", "--include-stale-apps", "--no-input"),
    ):
        left = run("uninstalled", "-m", "django", *command)
        assert left.returncode == 0, left.stdout + left.stderr
    with sqlite3.connect(tmp_path / "db.sqlite3") as database:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        assert "django_session" in names
        assert not [name for name in names if "sessions_admin" in name]
        types = database.execute("SELECT app_label FROM django_content_type").fetchall()
        assert ("sessions_admin",) not in types
