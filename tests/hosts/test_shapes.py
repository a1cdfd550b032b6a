"""The app holds its promises in projects of many shapes (see ``shapes``)."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

DRIVEN = (
    "asynchronous",
    "below_a_path",
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

    def run(shape: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(map(str, (installed, Path(__file__).parent))),
                "PYTHONDONTWRITEBYTECODE": "1",
                "DJANGO_SETTINGS_MODULE": f"shapes.{shape}",
                "HOST_FOLDER": str(tmp_path),
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.mark.parametrize("shape", DRIVEN)
def test_from_the_sign_in_to_the_cookie_used_again(run, shape):
    done = run(shape, "-m", "shapes.drive")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["db", "cached_db", "cache", "file"]


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
