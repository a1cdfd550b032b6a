"""Countries as the reader knows them: their names in the language of the page, and their flags.

Names come from the Unicode CLDR, which Babel carries.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from babel import Locale, UnknownLocaleError
from django.utils.translation import get_language

from sessions_admin.folding import fold

# Where the letters A to Z of regional indicators begin; a pair of them is shown as a flag.
REGIONAL_INDICATOR_A = 0x1F1E6
# Codes that CLDR names and no flag exists for: the euro zone, the outer Pacific, pseudo-locales
# and "unknown".
WITHOUT_FLAG = {"EZ", "QO", "XA", "XB", "ZZ"}


def name(code: str, fallback: str) -> str:
    """The country's name in the active language, or the fallback, an English name.

    In English the fallback itself, which is what rows store and the search finds.
    """
    language = _active_language()
    if fallback and _is_english(language):
        return fallback
    return _names(language).get(code, fallback)


def name_in_english(code: str) -> str:
    """The country's name in English, whatever the active language; empty for no such code."""
    return _names("en").get(code, "")


def codes_called(part: str) -> list[str]:
    """Codes of the countries whose shown name has this in it, where that is not the stored one."""
    language = _active_language()
    if _is_english(language):
        return []
    wanted = fold(part)
    return [code for code, shown in _folded_names(language).items() if wanted in shown]


@functools.lru_cache(maxsize=1000)
def flag(code: str) -> str:
    """The flag of an ISO 3166 code as an emoji, or nothing for what is no such code."""
    if code in WITHOUT_FLAG or code not in _names("en"):
        return ""
    return "".join(chr(REGIONAL_INDICATOR_A + ord(letter) - ord("A")) for letter in code)


def _active_language() -> str:
    return get_language() or "en"


def _is_english(language: str) -> bool:
    return language.partition("-")[0] == "en"


@functools.lru_cache(maxsize=100)
def _names(language: str) -> Mapping[str, str]:
    """Names by code. A language that CLDR does not know is taken without its variant, if any."""
    try:
        territories = Locale.parse(language, sep="-").territories
    except (UnknownLocaleError, ValueError):
        general = language.rpartition("-")[0]
        return _names(general) if general else {}
    # Besides countries CLDR names continents, by numbers.
    return {code: name for code, name in territories.items() if len(code) == 2}


@functools.lru_cache(maxsize=100)
def _folded_names(language: str) -> Mapping[str, str]:
    return {code: fold(name) for code, name in _names(language).items()}
