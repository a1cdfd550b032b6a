"""Formats dates and times in the reader's language and time zone.

Both are Django's active ones. Date formats come from the Unicode CLDR by way of Babel. The clock
has 24 hours in every language, so that no time is off by twelve.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MONTH_DAYS, YEAR_DAYS = 30, 365


def short(at: datetime) -> str:
    """To the minute: "24 Nov 2026, 22:29"."""
    return _joined(at, "medium", "HH:mm")


def exact(at: datetime) -> str:
    """To the second and with the time zone: "24 November 2026, 22:29:05 CET"."""
    return f"{_joined(at, 'long', 'HH:mm:ss')} {zone(at)}"


def clock(at: datetime) -> str:
    """The time of a day, with the time zone: "22:29:05 CET"."""
    return f"{format_time(timezone.localtime(at), 'HH:mm:ss', locale=_locale())} {zone(at)}"


def on_at(at: datetime) -> dict[str, str]:
    """The parts of a sentence: the `date` in words, and the `time` with the time zone."""
    local, locale = timezone.localtime(at), _locale()
    time = format_time(local, "HH:mm", locale=locale)
    return {"date": format_date(local, "long", locale=locale), "time": f"{time} {zone(at)}"}


def zone(at: datetime) -> str:
    """The short name of the reader's time zone at that moment, or its hours from UTC."""
    name = timezone.localtime(at).tzname() or ""
    return f"UTC{name}" if name[:1] in {"+", "-"} else name


def ago(at: datetime) -> str:
    """How long ago, in the largest unit that fits: "just now", "5 min ago", "2 days ago".

    Each is a sentence of its own: many languages bend the noun, and some leave out the number.
    """
    past = timezone.now() - at
    days, hours, minutes = past.days, past // HOUR, past // MINUTE
    if minutes < 1:
        return gettext("just now")
    if hours < 1:
        return ngettext("%(n)d min ago", "%(n)d min ago", minutes) % {"n": minutes}
    if days < 1:
        return ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}
    if days < MONTH_DAYS:
        return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}
    if days < YEAR_DAYS:
        n = days // MONTH_DAYS
        return ngettext("%(n)d month ago", "%(n)d months ago", n) % {"n": n}
    n = days // YEAR_DAYS
    return ngettext("%(n)d year ago", "%(n)d years ago", n) % {"n": n}


def _joined(at: datetime, width: str, clock: str) -> str:
    local, locale = timezone.localtime(at), _locale()
    parts = {
        "date": format_date(local, width, locale=locale),
        "time": format_time(local, clock, locale=locale),
    }
    return gettext("%(date)s, %(time)s") % parts


def _locale() -> Locale:
    """The active language as a locale; plain English is British, whose dates most people read."""
    language = get_language() or "en"
    for name in ("en-GB" if language == "en" else language, language.partition("-")[0]):
        try:
            return Locale.parse(name, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en", "GB")
