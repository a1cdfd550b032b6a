"""Builds the app's style sheet from its parts: ``make styles``.

A page loads one sheet, and a person reads several short ones. The built sheet is kept in git, so
that a clone, a wheel and a host's ``collectstatic`` need no build. A test fails when it is out of
date. It has no comments: they stand in the parts.

The pages stand in other people's frames, so the build puts all rules into one for the class of our
element, where `&` means that element, and makes lengths in rem independent of the page's root.
"""

from __future__ import annotations

import re
from pathlib import Path

APP = Path(__file__).resolve().parent.parent
PARTS = APP / "styles"
SHEET = APP / "static" / "sessions_admin" / "sessions_admin.css"
HEADER = "/* Made from sessions_admin/styles/ by `make styles`: edit the files there. */\n"
# The order of the cascade: of rules with equal specificity, the later one wins.
ORDER = (
    "tokens",
    "reset",
    "base",
    "controls",
    "components",
    "list",
    "finding",
    "table",
    "dialog",
    "cards",
    "narrow",
    "rows",
    "flags",
    "row_cards",
    "right_to_left",
    "phone",
    "records",
    "record_cards",
    "media",
    "print",
)


# The class stands twice, so that the rules outweigh those of a host for elements and for a class.
ROOT = ".sessions-admin.sessions-admin"
# They cannot stand inside another rule.
OUTSIDE = "keyframes"
# The font size of the element in rem, which is 1em in the conditions of its container queries.
TYPE_SIZE = 0.875
REM = re.compile(r"(?<![\w.])(-?[\d.]+)rem\b")
# They are for people who read the parts; a browser would load them with every first page.
COMMENT = re.compile(r"^[ \t]*/\*.*?\*/[ \t]*\n|[ \t]*/\*.*?\*/", re.DOTALL | re.MULTILINE)


def build() -> str:
    """Return the text of the sheet."""
    rules = "\n".join(_part(name) for name in ORDER)
    return "\n".join([HEADER, _part(OUTSIDE), f"{ROOT} {{\n{rules}}}\n"])


def _part(name: str) -> str:
    text = (PARTS / f"{name}.css").read_text(encoding="utf-8")
    lines = COMMENT.sub("", text).splitlines(keepends=True)
    return "".join(_scaled(line) for line in lines if line.strip())


def _scaled(line: str) -> str:
    """Replace rem, which is a length of the host's: its root may be 10 pixels."""
    # In a media query it is the browser's own font size, whatever the root has.
    if line.lstrip().startswith(("@media", "--sa-unit")):
        return line
    if line.lstrip().startswith("@container"):
        return REM.sub(lambda found: f"{float(found[1]) / TYPE_SIZE:.5g}em", line)
    return REM.sub(r"calc(\1 * var(--sa-unit))", line)


if __name__ == "__main__":
    SHEET.write_text(build(), encoding="utf-8")
