"""Reads the forms of a page as a browser does."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

# Input types for typed text; other fields are selected or have a value already.
TYPED = {"text", "email", "password", "search", "url", "number", "textarea"}


@dataclass
class Form:
    action: str = ""
    method: str = "get"
    typed: dict[str, str] = field(default_factory=dict)
    """The fields that one types into, each with its type."""
    given: dict[str, str] = field(default_factory=dict)
    """What is sent along, such as hidden fields."""


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append(Form(found.get("action", ""), found.get("method", "get").lower()))
        name = found.get("name")
        if not name or not self.forms or tag not in {"input", "textarea", "select", "button"}:
            return
        kind = found.get("type", "text") if tag == "input" else tag
        if kind in TYPED:
            self.forms[-1].typed[name] = kind
        elif kind == "hidden":
            self.forms[-1].given[name] = found.get("value", "")


def forms_of(page: str) -> list[Form]:
    parser = _Parser()
    parser.feed(page)
    return parser.forms
