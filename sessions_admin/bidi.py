"""Names and phrases in pages from right to left: each keeps its order among the others."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.text import get_text_list
from django.utils.translation import get_language_bidi

# Isolates of Unicode: in the direction of the first letter, from right to left, and their end.
FIRST_STRONG, RIGHT_TO_LEFT, END = "\u2068", "\u2067", "\u2069"


def name(text: str) -> str:
    """Return a name, which runs in its own direction, isolated from what stands beside it."""
    return f"{FIRST_STRONG}{text}{END}" if text and get_language_bidi() else text


def phrase(text: str) -> str:
    """Return a phrase of the page's language, which may begin with a name in another."""
    return f"{RIGHT_TO_LEFT}{text}{END}" if text and get_language_bidi() else text


def names(texts: Iterable[str], last: str) -> str:
    """Return names in one line, as in "a, b and c"."""
    return get_text_list([name(text) for text in texts], last)


def phrases(texts: Iterable[str], last: str) -> str:
    """Return phrases in one line, as in "Firefox on Linux and Chrome on Windows"."""
    return get_text_list([phrase(text) for text in texts], last)
