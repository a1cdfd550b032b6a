"""The app as projects install it: from a wheel."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers import ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """Return a wheel of the app, built once for all workers of a test session."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with (folder / "wheel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            _build(folder / "wheel")
            (found,) = folder.glob("wheel/*.whl")
            shutil.unpack_archive(found, folder / "installed", "zip")
    (found,) = folder.glob("wheel/*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel) -> Path:
    """Return a folder with the app in it, as a wheel installs it."""
    return wheel.parent.parent / "installed"


def _build(folder: Path) -> None:
    # Building in the checkout would leave files that the next build packs.
    source = folder.parent / "source"
    shutil.copytree(ROOT / "sessions_admin", source / "sessions_admin")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip")
    subprocess.run(
        [*pip, "wheel", "--quiet", "--no-deps", source, "-w", folder],
        check=True,
        capture_output=True,
        timeout=300,
    )
