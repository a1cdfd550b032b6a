"""Builds the app's style sheet from its parts: ``make styles``.

A page loads one sheet, and a person reads several short ones. The built sheet is kept in git, so
that a clone, a wheel and a host's ``collectstatic`` need no build. A test fails when it is out of
date.
"""

from __future__ import annotations

from pathlib import Path

APP = Path(__file__).resolve().parent.parent
PARTS = APP / "styles"
SHEET = APP / "static" / "sessions_admin" / "sessions_admin.css"
HEADER = "/* Made from sessions_admin/styles/ by `make styles`: edit the files there. */\n"
# The order of the cascade: of rules with equal specificity, the later one wins.
ORDER = (
    "tokens",
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
    "phone",
    "records",
    "media",
    "print",
)


def build() -> str:
    """Return the text of the sheet."""
    parts = ((PARTS / f"{name}.css").read_text(encoding="utf-8") for name in ORDER)
    return "\n".join([HEADER, *parts])


if __name__ == "__main__":
    SHEET.write_text(build(), encoding="utf-8")
