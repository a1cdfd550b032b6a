"""The commands that prepare and serve the site."""

from __future__ import annotations

import os
import subprocess

import pytest
import redis
from django.core.cache import cache

from tests.support.servers import ROOT, free_port, manage

pytestmark = pytest.mark.once

LOCAL = {"DEBUG": "1"}


def test_redis_is_a_real_one(redis_url, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": redis_url,
        }
    }
    cache.set("word", "kept", 60)
    with redis.Redis.from_url(redis_url) as client:
        assert client.info("server")["redis_version"]
        assert client.dbsize() >= 1
    assert cache.get("word") == "kept"


def test_migrations_are_complete():
    answer = manage("makemigrations", "--check", "--dry-run", **LOCAL)
    assert answer.returncode == 0, answer.stdout


def test_preparing_again_keeps_the_data(tmp_path):
    site = LOCAL | {"DATABASE_URL": f"sqlite:///{tmp_path}/new folder/site.sqlite3"}
    first = manage("prepare_site", "--port", str(free_port()), **site)
    assert first.returncode == 0, first.stderr
    assert "Demo data" in first.stdout
    forget = "from accounts.models import User; User.objects.exclude(is_superuser=True).delete()"
    assert manage("shell", "--no-imports", "-c", forget, **site).returncode == 0
    second = manage("prepare_site", "--port", str(free_port()), **site)
    assert second.returncode == 0, second.stderr
    assert "Demo data" not in second.stdout
    assert "operator@site.example" in second.stdout
    assert "admin@acme.example" not in second.stdout


@pytest.mark.parametrize("target", ["run", "test"])
def test_make_says_what_is_missing(target, tmp_path):
    for name in ("Makefile", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    answer = subprocess.run(
        ["make", target, "PYTHON=no-such-python"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode != 0
    assert "no-such-python is not installed: install Python 3.11 or newer." in answer.stderr


def test_preparing_a_database_of_former_migrations_says_what_to_do(tmp_path):
    site = LOCAL | {"DATABASE_URL": f"sqlite:///{tmp_path}/site.sqlite3"}
    assert manage("migrate", "--verbosity", "0", **site).returncode == 0
    former = (
        "from django.db import connection; from django.db.migrations.recorder import "
        "MigrationRecorder; MigrationRecorder(connection).record_applied("
        "'sessions_admin', '0002_whereabouts')"
    )
    assert manage("shell", "--no-imports", "-c", former, **site).returncode == 0
    answer = manage("prepare_site", "--port", str(free_port()), **site)
    assert answer.returncode == 1
    (sentence,) = answer.stderr.splitlines()
    assert "site.sqlite3 was made by an earlier development version" in sentence
    assert "remove it and run this again" in sentence
