"""The pages of reference name all that the code has, and the site of the docs builds."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from tests.support.servers import ROOT

pytestmark = pytest.mark.once

DOCS = ROOT / "docs"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_check_is_explained_once_and_no_other():
    sources = (path for path in (ROOT / "sessions_admin").rglob("*.py"))
    in_code = {
        found
        for path in sources
        for found in re.findall(r'"sessions_admin\.([EW]\d{3})"', path.read_text(encoding="utf-8"))
    }
    explained = re.findall(r"^\| `sessions_admin\.([EW]\d{3})` \|", read("docs/checks.md"), re.M)
    assert len(in_code) > 10
    assert sorted(explained) == sorted(in_code)


def test_the_first_steps_are_those_of_the_readme():
    (lines,) = re.findall(r"^```python\n(.*?)^```", read("README.md"), re.M | re.S)
    assert lines in read("docs/start.md")


def test_supported_versions_are_those_of_the_package():
    classifiers = set(
        re.findall(r'"(Framework|Programming Language) :: (.*)"', read("pyproject.toml"))
    )
    djangos = {name.rpartition(" :: ")[2] for kind, name in classifiers if "Django ::" in name}
    pythons = {name.rpartition("3.")[2] for kind, name in classifiers if "Python :: 3." in name}
    page = read("docs/compatibility.md")
    (row,) = re.findall(r"^\| Django \| ([^|]*) \|", page, re.M)
    assert set(re.findall(r"\d\.\d", row)) == djangos
    (row,) = re.findall(r"^\| Python \| ([^|]*) \|", page, re.M)
    first, last = re.findall(r"3\.(\d+)", row)
    assert pythons == {str(minor) for minor in range(int(first), int(last) + 1)}
    workflow = read(".github/workflows/tests.yml")
    assert {f"3.{minor}" for minor in pythons} == set(re.findall(r'python: "(3\.\d+)"', workflow))
    assert djangos == set(re.findall(r'django: "(\d\.\d)"', workflow))


def build(folder, docs=DOCS):
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", folder / "site"],
        cwd=docs.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )


class TestSite:
    def test_builds_with_every_page(self, tmp_path):
        done = build(tmp_path)
        assert done.returncode == 0, done.stderr
        pages = {path.stem for path in DOCS.glob("*.md")} - {"README"}
        assert pages <= {path.parent.name for path in tmp_path.rglob("index.html")}

    @pytest.mark.parametrize("link", ["[x](nowhere.md)", "[x](start.md#nowhere)", "![x](no.png)"])
    def test_does_not_build_with_a_broken_link(self, tmp_path, link):
        shutil.copytree(DOCS, tmp_path / "docs")
        shutil.copy(ROOT / "mkdocs.yml", tmp_path)
        with (tmp_path / "docs" / "start.md").open("a", encoding="utf-8") as page:
            page.write(f"\n{link}\n")
        done = build(tmp_path, tmp_path / "docs")
        assert done.returncode != 0
        assert "start.md" in done.stderr
