"""The app as projects install it: from a wheel."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers import ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """Return a wheel of the app, built once for all workers."""
    folder = tmp_path_factory.getbasetemp().parent / "wheel"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(folder.glob("built/*.whl")):
            _build(folder)
    (found,) = folder.glob("built/*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel) -> Path:
    """Return a folder with the app in it, as a wheel installs it."""
    folder = wheel.parent.parent / "installed"
    with (wheel.parent.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            shutil.unpack_archive(wheel, folder, "zip")
    return folder


def _build(folder: Path) -> None:
    # Building in the checkout would leave files that the next build packs.
    source = folder / "source"
    shutil.copytree(ROOT / "sessions_admin", source / "sessions_admin")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip")
    subprocess.run(
        [*pip, "wheel", "--quiet", "--no-deps", source, "-w", folder / "built"],
        check=True,
        capture_output=True,
        timeout=300,
    )
