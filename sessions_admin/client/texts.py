"""Texts of strangers, made safe to store, to log and to show."""

from __future__ import annotations

import functools
import re
import unicodedata

# Code points that show nothing, by which one name would look like another or like none: what
# Unicode calls Default_Ignorable_Code_Point (soft hyphens, fillers, marks and overrides of
# direction, joiners, variation selectors, tags), interlinear annotations, and letters and symbols
# that are drawn as nothing. Letters have a direction without the marks.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\U00016fe4\U0001bca0-\U0001bca3"
    "\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Spaces of other widths, the empty cell of Braille among them, look like a space or several.
SPACES = re.compile("[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]+")
# Control characters, halves of surrogate pairs, separators of lines and paragraphs.
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}

NON_JOINER, JOINER, EMOJI_STYLE = "\u200c", "\u200d", "\ufe0f"
VIRAMA = 9  # The combining class of the sign that a joiner stands after in scripts of India.


def printable(raw: str, length: int) -> str:
    """``raw`` cut to ``length`` characters, in one line, of what can be seen alone.

    PostgreSQL refuses NUL, a line break would forge a line of the log, and what shows nothing would
    have a name read as another. Joiners stay where they change what is seen: in Persian, in the
    scripts of India, in emoji. Spaces are single, and no mark stands at the beginning, where it
    would be drawn over whatever the page says before it.
    """
    text = str(raw)[:length]
    if not (text.isascii() and text.isprintable()):
        text = _without_invisible(text)
    text = SPACES.sub(" ", text).strip()
    visible = (n for n, c in enumerate(text) if unicodedata.category(c)[0] not in "MZ")
    return text[next(visible, len(text)) :]


def header_text(sent: str) -> str:
    """A header as its sender wrote it. WSGI and ASGI read bytes as Latin-1; most write UTF-8."""
    try:
        return sent.encode("latin-1").decode()
    except UnicodeError:
        return sent


def _without_invisible(text: str) -> str:
    kept = ""
    for character, after in zip(text, f"{text[1:]} ", strict=True):
        if _is_shown(character, kept[-1:], after):
            kept += character
    return kept


def _is_shown(character: str, before: str, after: str) -> bool:
    if INVISIBLE.match(character):
        return bool(before) and _shapes(character, before, after)
    if ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF:
        return False  # These will never be characters.
    return unicodedata.category(character) not in UNPRINTABLE


def _shapes(character: str, before: str, after: str) -> bool:
    """Whether it changes how its neighbours are drawn (for joiners see RFC 5892, appendix A)."""
    if character == EMOJI_STYLE:
        return _is_pictograph(before)
    if character not in (NON_JOINER, JOINER):
        return False
    if unicodedata.combining(before) == VIRAMA:
        return unicodedata.category(after) == "Lo"
    if character == NON_JOINER:
        return before in _forms("<initial>") and after in _forms("<final>")
    is_emoji = _is_pictograph(before) or before == EMOJI_STYLE or _is_skin_tone(before)
    return is_emoji and _is_pictograph(after)


def _is_pictograph(character: str) -> bool:
    return character >= "\u2190" and unicodedata.category(character) in ("So", "Sm")


def _is_skin_tone(character: str) -> bool:
    return "\U0001f3fb" <= character <= "\U0001f3ff"


@functools.cache
def _forms(kind: str) -> frozenset[str]:
    """The Arabic letters that have this form: initial ones join what follows, final ones before."""
    decompositions = (unicodedata.decomposition(chr(code)) for code in range(0xFB50, 0xFF00))
    parts = (text.split() for text in decompositions if text.startswith(kind))
    return frozenset(chr(int(letters[0], 16)) for _kind, *letters in parts if len(letters) == 1)
