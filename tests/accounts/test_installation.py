"""The site is installed from pinned packages, and its security policy says where to report."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.servers import ROOT

LOCK = ROOT / "requirements" / "site.txt"


def pinned():
    """Return each pinned package with its version and hashes."""
    text = LOCK.read_text(encoding="utf-8")
    entries = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)(.*(?:\n    .*)*)", text, re.M)
    return {canonicalize_name(name): (Version(version), rest) for name, version, rest in entries}


def wanted():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["dependencies"] + project["optional-dependencies"]["site"]


@pytest.mark.parametrize("requirement", wanted())
def test_what_the_site_needs_is_pinned(requirement):
    needed = Requirement(requirement)
    version, _ = pinned()[canonicalize_name(needed.name)]
    assert version in needed.specifier, "Run make lock."


def test_each_has_hashes_and_comes_from_nowhere_in_particular():
    text = LOCK.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith((" ", "#"))]
    assert len(lines) == len(pinned())
    assert all("--hash=sha256:" in rest for _, rest in pinned().values())
    assert not re.search(r"https?:|--(extra-)?index|find-links|@", text)
    assert "make lock" in text


def test_every_system_and_python_finds_its_own():
    """The lock file includes packages that only other systems or Python versions need."""
    assert "tzdata" in pinned()
    assert "python_full_version < '3.11.3'" in pinned()["async-timeout"][1]


def test_the_policy_names_the_private_way_and_no_address():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "private vulnerability reporting" in text
    assert "Supported versions" in text
    assert "@" not in text
