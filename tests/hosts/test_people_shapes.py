"""The pages work with user models of any shape, and call people by what looks like a name."""

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
from tests.hosts.shapes import story
story.tell()
print("it works")
"""


@pytest.mark.parametrize("shape", ["nones", "uuids", "handles", "computed", "bare"])
def test_user_model(tmp_path, shape):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.hosts.shapes.settings",
        "HOST_DATABASE": str(tmp_path / "host.sqlite3"),
        "HOST_USER": shape,
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
