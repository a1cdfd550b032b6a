"""The time zones that people choose from, by city and country in their own language.

The names come from the Unicode CLDR data in Babel.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from functools import cache

from babel import Locale
from babel.core import get_global
from babel.dates import get_timezone_location
from django.utils.translation import get_language

from sessions_admin.folding import fold

UTC = "UTC"
# Codes in place of a country: zones of an offset from UTC, and of a research station.
NOWHERE, WORLD = "ZZ", "001"


def offered() -> Mapping[str, str]:
    """Map each time zone to its city and country in the active language, in their order."""
    return _offered(get_language() or "en")


def label_of(name: str) -> str:
    """Return what the list shows for a time zone, or its name if the list does not have it."""
    canonical = get_global("zone_aliases").get(name, name)
    return offered().get(canonical, name)


def named(text: str) -> str | None:
    """Return the time zone that a person has typed: an entry of the list, or an IANA name.

    Case and accents do not matter. A city alone is enough if only one entry has it.
    """
    if zone(text):
        return text
    wanted = fold(text.strip())
    found = [name for name, label in offered().items() if fold(label) == wanted]
    found = found or [name for name, label in offered().items() if _city(label) == wanted]
    return found[0] if len(found) == 1 else None


def zone(name: str) -> zoneinfo.ZoneInfo | None:
    """Return the time zone of this IANA name; ``None`` if there is no such zone."""
    return _zone(name) if name in _names() else None


@cache
def _zone(name: str) -> zoneinfo.ZoneInfo:
    """Cached apart from ``zone``, so that made-up names from cookies do not fill the cache."""
    return zoneinfo.ZoneInfo(name)


@cache
def _names() -> frozenset[str]:
    """Return the names of all zones named after a location or an offset; not "CET", "localtime"."""
    return frozenset(name for name in zoneinfo.available_timezones() if "/" in name) | {UTC}


@cache
def _offered(language: str) -> Mapping[str, str]:
    """Leave out other names of the same zone, such as US/Pacific, and offsets.

    One entry per site language.
    """
    locale = Locale.parse(language, sep="-")
    territories, aliases = get_global("zone_territories"), get_global("zone_aliases")
    labels = {aliases.get(UTC, UTC): UTC}
    for name in _names() - set(aliases) - set(labels):
        code = territories.get(name, NOWHERE)
        if code == NOWHERE or code not in locale.territories:
            continue
        city = get_timezone_location(name, locale=locale, return_city=True)
        labels[name] = city if code == WORLD else f"{city}, {locale.territories[code]}"
    return dict(sorted(labels.items(), key=lambda item: fold(item[1])))


def _city(label: str) -> str:
    return fold(label.rpartition(", ")[0] or label)
