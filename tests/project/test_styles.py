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
    parts = sorted(path.stem for path in styles.PARTS.iterdir())
    assert parts == sorted([*styles.ORDER, styles.OUTSIDE])
    assert styles.ORDER[0] == "tokens"


def test_every_part_is_short():
    lengths = {path.name: len(path.read_text().splitlines()) for path in styles.PARTS.iterdir()}
    assert {name: n for name, n in lengths.items() if n > LONGEST_PART} == {}


def test_every_class_of_the_sheet_is_the_apps_own_and_used():
    styled = classes_styled(styles.SHEET)
    assert len(styled) > 100
    # The root, and how hosts say that they are dark.
    others = {"sessions-admin", "dark"}
    assert {name for name in styled if not name.startswith("sa-")} == others
    used = {name for path in sources() for name in re.findall(r"sa-[\w-]*\w", path.read_text())}
    assert styled - used == others


def test_every_rule_is_below_the_class_of_the_pages():
    *keyframes, (root, _) = rules_of(sheet())
    for name, _ in keyframes:
        assert re.fullmatch(r"@keyframes sa-\w+", name)
    assert root == styles.ROOT
    for selector, _ in nested_rules():
        if "&" not in selector:
            # Without &, a selector in the rule of the root means what is below the root.
            assert not re.match(r"@|:root|html|body|\*", selector), selector
        elif not selector.startswith("&"):
            # After the themes of a host, or in a :where().
            assert re.search(r"^:where\(&|\) &$", selector), selector


def test_every_rule_with_a_background_has_a_colour():
    """A host that sets only one of the two would get its text on our ground."""
    found = [
        selector
        for selector, declarations in nested_rules()
        if re.search(r"(^|[;\s])background(-color)?:", declarations)
        if not re.search(r"(^|[;\s])color:", declarations)
        # Contain no text.
        if not selector.endswith(("::before", "::backdrop"))
    ]
    assert found == []
    assert sum("background:" in declarations for _, declarations in nested_rules()) > 50


def test_no_length_depends_on_the_font_size_of_the_hosts_root():
    for line in sheet().splitlines():
        if re.search(r"\drem\b", line):
            assert line.lstrip().startswith(("@media", "--sa-unit: 1rem")), line


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


def sheet(path: Path = styles.SHEET) -> str:
    """Return the text of a sheet without comments."""
    return re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def rules_of(text: str) -> list[tuple[str, str]]:
    """Return the rules of this text, each as its selector and all between its braces."""
    rules = []
    depth = start = 0
    for brace in re.finditer(r"[{}]", text):
        if brace[0] == "{":
            if depth == 0:
                head, inner = text[start : brace.start()], brace.end()
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                selector = " ".join(head.rpartition(";")[2].split())
                rules.append((selector, text[inner : brace.start()]))
                start = brace.end()
    return rules


def nested_rules() -> list[tuple[str, str]]:
    """Return the rules below the class of the pages, without the conditions they stand in."""
    waiting = rules_of(rules_of(sheet())[-1][1])
    found = []
    for selector, content in waiting:
        if re.match(r"@(media|container|supports)\b", selector):
            waiting += rules_of(content)
        else:
            found.append((selector, content))
    return found


def classes_styled(path: Path) -> set[str]:
    text = sheet(path)
    selectors = " ".join(re.findall(r"[^{}]+(?={)", text))
    return set(re.findall(r"\.([a-z][\w-]*)", selectors))


def sources() -> list[Path]:
    return [
        path
        for folder in SOURCES
        for path in folder.rglob("*")
        if path.suffix in {".html", ".js"} or (path.parent.name, path.suffix) == ("views", ".py")
    ]
