"""Country names in the active language, and country flags.

The names are those of the Unicode CLDR, in the languages of the app. ``make countries`` writes them
to ``country_names.json``. In other languages, countries have the English names that rows store.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path

from django.utils.translation import get_language

from sessions_admin.folding import fold

NAMES = Path(__file__).with_name("country_names.json")
# The first of the regional indicator letters A to Z; a pair of them is displayed as a flag.
REGIONAL_INDICATOR_A = 0x1F1E6
# Codes that have a name in the CLDR but no flag: the eurozone, Outlying Oceania, pseudo-locales
# and "unknown".
WITHOUT_FLAG = {"EZ", "QO", "XA", "XB", "ZZ"}
# English sentences put "the" before these.
WITH_ARTICLE = "AE BS CC CF CK DO FK FO GB GM IM IO KM KY MH MP MV NL PH PN SB SC TC TF UM US VG VI"


def name(code: str, fallback: str) -> str:
    """Return the country's name in the active language, or ``fallback``, its English name.

    In English, a given fallback takes precedence: it is the name that rows store and search finds.
    """
    language = _active_language()
    if fallback and _is_english(language):
        return fallback
    return _names(language).get(code, fallback)


def names() -> Mapping[str, str]:
    """Return the names of all countries in the active language, by code."""
    return {code: name for code, name in _names(_active_language()).items() if flag(code)}


def in_sentence(code: str, fallback: str) -> str:
    """Return the country's name as it follows "from": in English, "the United States"."""
    found = name(code, fallback)
    needs_article = code in WITH_ARTICLE.split() and _is_english(_active_language())
    return f"the {found}" if needs_article else found


def name_in_english(code: str) -> str:
    """Return the country's English name, or an empty string for an unknown code."""
    return _names("en").get(code, "")


def codes_called(part: str) -> list[str]:
    """Return the codes of the countries whose name in the active language contains ``part``.

    Empty in languages where the names shown are the ones stored.
    """
    language = _active_language()
    if _is_english(language):
        return []
    wanted = fold(part)
    return [code for code, shown in _folded_names(language).items() if wanted in shown]


@functools.lru_cache(maxsize=1000)
def flag(code: str) -> str:
    """Return the flag emoji for an ISO 3166 code, or an empty string for an unknown code."""
    if code in WITHOUT_FLAG or code not in _names("en"):
        return ""
    return "".join(chr(REGIONAL_INDICATOR_A + ord(letter) - ord("A")) for letter in code)


def _active_language() -> str:
    return get_language() or "en"


def _is_english(language: str) -> bool:
    return language.partition("-")[0] == "en"


def _names(language: str) -> Mapping[str, str]:
    """Map country codes to names; empty in a language that the app has no names in."""
    return _all_names().get(language.partition("-")[0], {})


@functools.cache
def _all_names() -> Mapping[str, Mapping[str, str]]:
    names: dict[str, dict[str, str]] = json.loads(NAMES.read_text(encoding="utf-8"))
    return names


@functools.lru_cache(maxsize=100)
def _folded_names(language: str) -> Mapping[str, str]:
    return {code: fold(name) for code, name in _names(language).items()}
