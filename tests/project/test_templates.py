"""Templates have the names that code, other templates and the docs use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

from sessions_admin.listing.filters import AUTO_ID
from tests.support.servers import ROOT

APP = ROOT / "sessions_admin" / "templates"
SCRIPTS = ROOT / "sessions_admin" / "static" / "sessions_admin"
# Names composed in code: a page, or its content for the dialog.
IN_DIALOG = ("details", "terminate", "terminate_all", "sign_out_others")


def named(path: Path) -> set[str]:
    """Return the app's templates that a Python file or a template refers to."""
    names = set(re.findall(r'"(sessions_admin/[\w{}/]+\.html)"', path.read_text(encoding="utf-8")))
    return {name.replace("{name}", page) for name in names for page in IN_DIALOG}


def sources() -> list[Path]:
    return [
        path
        for folder in ("sessions_admin", "accounts", "templates")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".html"}
    ]


def documented() -> list[tuple[str, str]]:
    """Return the templates in the table in docs/integration.md, with their descriptions."""
    text = (ROOT / "docs" / "integration.md").read_text(encoding="utf-8")
    _, _, table = text.partition("| template | what it is |\n| --- | --- |\n")
    rows = [line.split("|")[1:3] for line in table.partition("\n\n")[0].splitlines()]
    return [(name, about) for names, about in rows for name in re.findall(r"`([^`]+)`", names)]


def test_every_template_that_is_named_is_there():
    names = {name for path in sources() for name in named(path)}
    assert len(names) > 30
    for name in names:
        get_template(name)


def test_every_template_of_the_app_is_named():
    there = {path.relative_to(APP).as_posix() for path in APP.rglob("*.html")}
    assert there - {name for path in sources() for name in named(path)} == set()


@pytest.mark.parametrize(("name", "about"), documented())
def test_documented_templates_are_there_with_their_blocks(name, about):
    text = (APP / "sessions_admin" / name).read_text(encoding="utf-8")
    for blocks in re.findall(r"blocks (.*)", about):
        assert set(re.findall(r"`(\w+)`", blocks)) == set(re.findall(r"{% block (\w+) %}", text))


def test_documented_pages_are_all_pages():
    pages = {
        path.relative_to(APP / "sessions_admin").as_posix()
        for path in APP.rglob("*.html")
        if '{% extends "sessions_admin/page.html" %}' in path.read_text(encoding="utf-8")
    }
    assert len(pages) > 10
    assert pages <= {name for name, _ in documented()}


def test_every_page_stands_in_the_element_of_the_style_sheet():
    """Only page.html fills the block of the frame, so no page stands outside of its element."""
    for path in APP.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        if path.name != "base.html" and "{% block content %}" in text:
            assert path == APP / "sessions_admin" / "page.html", path


def test_ids_cannot_be_those_of_a_projects_frame():
    """Each begins with `sa-`; those of form fields follow from `AUTO_ID` and the field."""
    found = 0
    for path in APP.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for id_ in re.findall(r"""\bid=["']([^"']*)""", text):
            found += 1
            assert re.match(r"sa-|{{ [\w.]+\.(id_for_label|auto_id) }}", id_), (path.name, id_)
        for reference in re.findall(r"[\"' (:]#([a-z][\w-]*)", text):
            assert reference.startswith("sa-"), (path.name, reference)
    for path in SCRIPTS.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        for id_ in re.findall(r"""getElementById\("([^"]*)|["'` (]#([a-z][\w-]*)""", text):
            found += 1
            assert "".join(id_).startswith("sa-"), (path.name, id_)
    assert found > 60
    assert AUTO_ID.startswith("sa-")
