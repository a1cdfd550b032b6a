"""Make untrusted texts safe to store, log and show."""

from __future__ import annotations

import codecs
import functools
import re
import unicodedata

# Invisible code points, with which one name could look like another, or empty: those that Unicode
# calls Default_Ignorable_Code_Point (soft hyphens, fillers, direction marks and overrides, joiners,
# variation selectors, tags), interlinear annotations, letters and symbols without a glyph, and the
# signs that place hieroglyphs.
# Right-to-left text does not need the direction marks.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\U00013430-\U00013442"
    "\U00016fe4\U0001bca0-\U0001bca3"
    "\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Spaces of any width, including the empty Braille cell.
SPACES = re.compile("[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]+")
# Control characters, surrogates, line and paragraph separators.
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}

NON_JOINER, JOINER, EMOJI_STYLE = "\u200c", "\u200d", "\ufe0f"
VIRAMA = 9  # The combining class of the sign that a joiner may follow in Indic scripts.


def printable(raw: str, length: int) -> str:
    """Return ``raw`` as one line of visible characters, cut to ``length``.

    PostgreSQL refuses NUL, a line break could forge a log line, and with invisible characters one
    name could look like another. Joiners stay where they change how text looks: in Persian, in
    Indic scripts and in emoji. Runs of spaces become one space, and combining marks at the
    beginning are removed, since they would be drawn over the text before them.
    """
    text = str(raw)[:length]
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    text = SPACES.sub(" ", _without_invisible(text)).strip()
    visible = (n for n, c in enumerate(text) if unicodedata.category(c)[0] not in "MZ")
    return text[next(visible, len(text)) :]


def header_text(sent: str) -> str:
    """Return a header decoded as UTF-8 if possible; WSGI and ASGI decode headers as Latin-1.

    A proxy may have cut the last character in two.
    """
    try:
        decoded = codecs.getincrementaldecoder("utf-8")().decode(sent.encode("latin-1"))
    except UnicodeError:
        return sent
    return sent if decoded.isascii() else decoded


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
        return False  # Unicode noncharacters.
    return unicodedata.category(character) not in UNPRINTABLE


def _shapes(character: str, before: str, after: str) -> bool:
    """Whether an invisible character changes how its neighbours look (RFC 5892, appendix A)."""
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
    """Return the Arabic letters that have this form.

    Letters with an initial form join the next letter; those with a final form, the previous one.
    """
    decompositions = (unicodedata.decomposition(chr(code)) for code in range(0xFB50, 0xFF00))
    parts = (text.split() for text in decompositions if text.startswith(kind))
    return frozenset(chr(int(letters[0], 16)) for _kind, *letters in parts if len(letters) == 1)
