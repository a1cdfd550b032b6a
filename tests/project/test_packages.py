"""What a release contains, and what its page on a package index shows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from readme_renderer import markdown

from sessions_admin.client.countries import NAMES
from sessions_admin.project import countries
from tests.support.servers import ROOT

pytestmark = pytest.mark.once

APP = ROOT / "sessions_admin"
REPOSITORY = "https://code.example/team/sessions-admin"
# Building in the checkout would leave files that the next build packs.
SOURCES = (
    "sessions_admin",
    "docs",
    "LICENSE",
    *(path.name for path in ROOT.glob("*.*") if path.is_file()),
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def build(folder: Path, repository: str) -> Path:
    source, built = folder / "source", folder / "built"
    source.mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    subprocess.run(
        # The wheel is built from the source distribution, so that one has to be complete.
        [sys.executable, "-m", "build", "--outdir", built, source],
        check=True,
        capture_output=True,
        env=os.environ | {"REPOSITORY_URL": repository},
        timeout=300,
    )
    return built


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("release"), REPOSITORY)


@pytest.fixture(scope="module")
def wheel(built) -> zipfile.ZipFile:
    (path,) = built.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def metadata(wheel) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(name).decode())


def files(pattern: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in APP.rglob(pattern)
        if path.is_file() and "project" not in path.parts
    }


class TestWheel:
    def test_has_all_that_runs(self, wheel):
        parts = ("*.py", "*.html", "*.mo", "*.css", "*.js", "*.svg", "*.json", "py.typed")
        needed = set().union(*map(files, parts)) - files("styles/*")
        assert len(needed) > 100
        assert needed <= set(wheel.namelist())

    def test_has_nothing_else(self, wheel):
        packed = [name for name in wheel.namelist() if ".dist-info/" not in name]
        others = ("/project/", "/styles/", ".po", "tests/", "accounts/")
        assert [name for name in packed if any(part in name for part in others)] == []
        assert all(name.startswith("sessions_admin/") for name in packed)


def test_source_distribution_has_the_docs_and_the_sources_of_what_is_built(built):
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    docs = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*") if path.is_file()
    }
    others = {"LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"}
    assert docs | others | files("*.po") | files("styles/*") <= packed
    assert not any(name.startswith("tests/") for name in packed)


class TestPageOnAnIndex:
    def test_every_link_is_absolute(self, metadata):
        page = markdown.render(metadata.get_payload())
        links = re.findall(r'(?:href|src)="([^"]+)"', page)
        assert len(links) > 10
        assert {link for link in links if not link.startswith(("https://", "#"))} == {
            "http://127.0.0.1:8000/"
        }
        assert f"{REPOSITORY}/blob/v{metadata['Version']}/docs/integration.md" in links
        assert any(link.endswith("/docs/images/active-user-sessions.png") for link in links)

    def test_names_the_projects_pages(self, metadata):
        urls = dict(url.split(", ") for url in metadata.get_all("Project-URL"))
        assert set(urls) == {"Repository", "Issues", "Documentation", "Changelog"}
        assert all(url.startswith(REPOSITORY) for url in urls.values())

    def test_without_an_address_nothing_links_to_files(self, tmp_path):
        (path,) = build(tmp_path, "").glob("*.whl")
        with zipfile.ZipFile(path) as wheel:
            (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
            found = Parser().parsestr(wheel.read(name).decode())
        page = markdown.render(found.get_payload())
        assert "Sessions Admin" in page
        assert "docs/images" not in page
        assert {link for link in re.findall(r'href="([^"]+)"', page) if link[0] != "#"} == {
            "http://127.0.0.1:8000/"
        }
        assert found.get_all("Project-URL") is None


class TestDependencies:
    def test_the_docs_say_what_each_is_for(self):
        page = (ROOT / "docs" / "packages.md").read_text(encoding="utf-8")
        named = set(re.findall(r"^\| `([\w.-]+)", page, re.M))
        assert {Requirement(text).name for text in PROJECT["dependencies"]} <= named

    def test_the_app_imports_no_others(self):
        """A package that only the site or a developer has is missing in a host."""
        allowed = {Requirement(text).name.lower() for text in PROJECT["dependencies"]}
        allowed = {name.replace("-", "_") for name in allowed} | {"sessions_admin"}
        # What Django, geoip2 and requests depend on themselves.
        allowed |= {"asgiref", "maxminddb", "urllib3"}
        found = set()
        for name in files("*.py"):
            if name == "sessions_admin/headless_tokens.py":
                # Only for projects that have django-allauth.
                continue
            text = (ROOT / name).read_text(encoding="utf-8")
            found |= set(re.findall(r"^\s*(?:from|import) (\w+)", text, re.M))
        assert found - set(sys.stdlib_module_names) <= allowed

    def test_no_template_needs_heroicons_among_the_apps_of_the_host(self):
        for name in files("*.html"):
            loads = re.findall(r"{% load (.*?) %}", (ROOT / name).read_text(encoding="utf-8"))
            assert "heroicons" not in " ".join(loads).split(), name

    def test_country_names_are_there_in_every_language_of_the_app(self):
        names = json.loads(NAMES.read_text(encoding="utf-8"))
        assert tuple(names) == countries.LANGUAGES
        for language in countries.LANGUAGES:
            assert set(names[language]) == set(names["en"])
            assert names[language]["SI"] == countries.names(language)["SI"]
