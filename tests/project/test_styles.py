"""The app's style sheet: built from its parts, with rules only for what the pages use."""

from __future__ import annotations

import re
from pathlib import Path

from sessions_admin.project import styles
from tests.support.servers import ROOT

LONGEST_PART = 350
SOURCES = (ROOT / "sessions_admin", ROOT / "templates")


def test_the_sheet_is_in_step_with_its_parts():
    assert styles.SHEET.read_text(encoding="utf-8") == styles.build(), "run make styles"


def test_every_part_is_in_the_sheet_tokens_first():
    assert sorted(path.stem for path in styles.PARTS.iterdir()) == sorted(styles.ORDER)
    assert styles.ORDER[0] == "tokens"


def test_every_part_is_short():
    lengths = {path.name: len(path.read_text().splitlines()) for path in styles.PARTS.iterdir()}
    assert {name: n for name, n in lengths.items() if n > LONGEST_PART} == {}


def test_every_class_of_the_sheet_is_the_apps_own_and_used():
    styled = classes_styled(styles.SHEET)
    assert len(styled) > 100
    assert {name for name in styled if not name.startswith("sa-")} == set()
    used = {name for path in sources() for name in re.findall(r"sa-[\w-]*\w", path.read_text())}
    assert styled - used == set()


def test_every_class_of_the_app_in_a_page_is_styled():
    styled = classes_styled(styles.SHEET) | classes_styled(ROOT / "static" / "site.css")
    used = {
        name
        for path in sources()
        if path.suffix == ".html"
        for names in re.findall(r'class="([^"]*)"', path.read_text())
        for name in names.split()
        if name.startswith("sa-")
    }
    assert len(used) > 100
    assert used - styled == set()


def classes_styled(sheet: Path) -> set[str]:
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    selectors = " ".join(re.findall(r"[^{}]+(?={)", text))
    return set(re.findall(r"\.([a-z][\w-]*)", selectors))


def sources() -> list[Path]:
    return [
        path for folder in SOURCES for path in folder.rglob("*") if path.suffix in {".html", ".js"}
    ]
