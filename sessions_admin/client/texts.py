"""Texts of strangers, made safe to store, to log and to show."""

from __future__ import annotations

import unicodedata

# Control characters, halves of surrogate pairs, separators of lines and paragraphs.
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
# Marks, embeddings, overrides and isolates of direction: they make "nimda" of "admin", and letters
# have a direction without them.
BIDIRECTIONAL = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(raw: str, length: int) -> str:
    """``raw`` cut to ``length`` characters, in one line and without control characters.

    PostgreSQL refuses NUL, a line break would forge a line of the log, and controls of direction
    would have a name read as another.
    """
    return "".join(c for c in str(raw)[:length] if _is_printable(c)).strip()


def _is_printable(character: str) -> bool:
    return character not in BIDIRECTIONAL and unicodedata.category(character) not in UNPRINTABLE
