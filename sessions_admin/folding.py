"""Folds texts for the search: case, accents and invisible characters make no difference.

The same steps in Python and in PostgreSQL, where they are immutable, so that a generated column
and an index can hold their result. SQLite has no such functions, and a function of ours in a
column would make the file unreadable without us, so there Python folds while it searches.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django.db.models import Func, TextField, Value

# Marks above, below and through letters (Latin, Greek, Cyrillic), the vowel signs of Hebrew and
# Arabic, and what shows nothing. Python and PostgreSQL read this alike.
MARKS = (
    r"[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    r"\u0640\u064b-\u0655\u0670\u00ad\u200b-\u200f\u2060-\u2064\ufeff]"
)
# Accents that stand alone. They decompose into a space and a mark, which would part "O´Brien".
ACCENTS = dict.fromkeys("´΄᾽᾿´῾", "'")
GREEK, ARMENIAN = range(0x391, 0x3AA), range(0x531, 0x557)
CYRILLIC = (*range(0x402, 0x430), *range(0x490, 0x4F0))
# Letters that do not decompose into a base letter and marks, and variants of one character.
LETTERS = {
    **dict(zip("øłđðħŧŋıĸςəɨ", "olddhtnikσei", strict=True)),
    **dict(zip("ØŁĐÐĦŦŊƏƗÆŒÞẞ", "olddhtneiæœþß", strict=True)),
    # Apostrophes, what is typed for one, and other quotation marks and dashes.
    **dict.fromkeys("`‘’‚‛ʹʻʼʽʾʿˈˊˋ′‵ꞌ՚׳", "'"),
    **dict.fromkeys("“”„‟״", '"'),
    **dict.fromkeys("‐‒–—―−", "-"),
    # With the collation "C" PostgreSQL knows capitals from A to Z only.
    **{
        capital: capital.lower()
        for capital in map(chr, [*GREEK, *CYRILLIC, *ARMENIAN])
        if capital.isupper() and not unicodedata.decomposition(capital)
    },
}
SEVERAL = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
# Folds a text in either database.
FUNCTION = "sessions_admin_fold"

_marks = re.compile(MARKS)
_letters = str.maketrans(LETTERS)
_accents = str.maketrans(ACCENTS)


def fold(text: str) -> str:
    """The text without case, accents and what cannot be seen: "São Łódź" becomes "sao lodz"."""
    # Some names are translated only when they are read.
    text = str(text)
    if text.isascii():
        return text.lower().replace("`", "'")
    decomposed = unicodedata.normalize("NFKD", text.translate(_accents))
    folded = _marks.sub("", decomposed).lower().translate(_letters)
    for letter, letters in SEVERAL.items():
        folded = folded.replace(letter, letters)
    return folded


def sql(text: str, vendor: str = "postgresql") -> str:
    """The SQL that folds this expression, for an index, too: immutable, without parameters.

    The expression stands in it several times.
    """
    if vendor != "postgresql":
        return f"{FUNCTION}({text})"
    text = f"({text})::text"
    return _by_letters(text, f'({_any(text)}) COLLATE "C"')


def _by_letters(text: str, otherwise: str) -> str:
    """The SQL that folds a text of ASCII letters, and any other by the SQL ``otherwise``."""
    # Most texts are ASCII, which takes a tenth of the work, with any "I" as in English.
    is_ascii = f"octet_length({text}) = char_length({text})"
    in_ascii = f"""replace(lower({text} COLLATE "C"), '`', '''')"""
    return f"CASE WHEN {is_ascii} THEN {in_ascii} ELSE {otherwise} END"


def _any(text: str) -> str:
    """The SQL that folds any text."""
    decomposed = f"normalize({_translated(text, ACCENTS)}, NFKD)"
    folded = _translated(f"lower(regexp_replace({decomposed}, '{MARKS}', '', 'g'))", LETTERS)
    for letter, letters in SEVERAL.items():
        folded = f"replace({folded}, '{letter}', '{letters}')"
    return folded


def _translated(text: str, characters: dict[str, str]) -> str:
    """The SQL that replaces characters of an expression by others."""
    before, after = ("".join(each).replace("'", "''") for each in (characters, characters.values()))
    return f"translate({text}, '{before}', '{after}')"


class Fold(Func):
    """A text folded by the database."""

    function = FUNCTION
    arity = 1
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        expression = self.source_expressions[0]
        if isinstance(expression, Value):
            # With a collation of its own, a word would not be looked for in an index with another.
            if str(expression.value).isascii():
                return "%s::text", [fold(expression.value)]
            return _any("%s::text"), [expression.value]
        text, params = compiler.compile(expression)
        folded = self.folded(text)
        return folded, [*params] * folded.count(text)

    @staticmethod
    def folded(text: str) -> str:
        """Return the SQL for PostgreSQL that folds this expression."""
        return sql(text)


def folded_text(text: str) -> Any:
    """The text, folded, for a comparison with one that the database folds.

    Letters other than those of ASCII are folded by the database, too.
    """
    return fold(text) if text.isascii() else Fold(Value(text))


class FoldWhenRead(Fold):
    """The same for rows that no index finds by this text.

    A statement may have it ten times, and PostgreSQL takes longer to parse and plan the expression
    for an index than to call a function for the few texts that need all of it.
    """

    @staticmethod
    def folded(text: str) -> str:
        text = f"({text})::text"
        return _by_letters(text, f"{FUNCTION}({text})")


def create_function(apps: Any, schema_editor: Any) -> None:
    """Create the function, as a step for ``RunPython``.

    It is not in SQL, or PostgreSQL would put what it does into each statement.
    """
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"CREATE OR REPLACE FUNCTION {FUNCTION}(given text) RETURNS text "
            "LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $function$ "
            f'BEGIN RETURN ({_any("given")}) COLLATE "C"; END '
            "$function$"
        )


def drop_function(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {FUNCTION}")
