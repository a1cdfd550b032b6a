"""Everything the docs refer to exists: links, headings, files, imports and layers."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.project.test_layers import LAYERS
from tests.support.servers import ROOT

pytestmark = pytest.mark.once

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
TEMPLATES = ROOT / "sessions_admin" / "templates"
FOLDERS = ("accounts", "benchmarks", "docs", "requirements", "sessions_admin", "templates", "tests")
# The docs name packages without the app's folder.
APP_FOLDERS = [path.name for path in (ROOT / "sessions_admin").iterdir() if path.is_dir()]


@pytest.fixture(params=PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def page(request) -> Path:
    return request.param


def without_code(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", without_code(page.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_to_files_and_headings(page):
    text = without_code(page.read_text(encoding="utf-8"))
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    links += re.findall(r'(?:src|srcset)="([^"]+)"', text)
    for link in links:
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), link


def test_files_that_are_named_are_there(page):
    text = without_code(page.read_text(encoding="utf-8"))
    for name in re.findall(r"`([\w/.-]+/[\w/.-]*)`", text):
        folder = name.partition("/")[0]
        if folder in FOLDERS:
            assert (ROOT / name).exists() or (TEMPLATES / name).exists(), name
        elif folder in APP_FOLDERS and page.name == "how-it-works.md":
            path = ROOT / "sessions_admin" / name
            assert path.exists() or path.with_suffix(".py").is_file(), name


def test_what_the_examples_import_from_the_app_is_there(page):
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    for node in (node for block in blocks for node in ast.walk(ast.parse(block))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sessions_admin"):
            for alias in node.names:
                try:
                    import_module(f"{node.module}.{alias.name}")
                except ImportError:
                    assert hasattr(import_module(node.module), alias.name), ast.unparse(node)


def test_the_map_shows_the_layers_that_are_tested():
    text = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", text, re.M)
    shown = {int(n): {name.strip("/") for name in re.findall(r"`([^`]+)`", r)} for n, r in rows}
    assert shown == dict(enumerate(LAYERS, start=1))
