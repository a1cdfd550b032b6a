"""Format dates and times in Django's active language and time zone.

Times use the 24-hour clock in every language, so that none can be mistaken by twelve hours.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.dateformat import format as formatted
from django.utils.formats import get_format
from django.utils.translation import get_language, gettext, ngettext

# A short and a long date in the languages of the app, in Django's syntax, as in the Unicode CLDR.
# Other languages use Django's DATE_FORMAT for both: their short formats are often ambiguous.
DATES = {
    "en": ("j M Y", "j F Y"),
    "en-us": ("M j, Y", "F j, Y"),
    "de": ("d.m.Y", "j. F Y"),
    "sl": ("j. F Y", "j. F Y"),
    "ar": ("d\u200f/m\u200f/Y", "j F Y"),
}
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MONTH_DAYS, YEAR_DAYS = 30, 365


def short(at: datetime) -> str:
    """Format to the minute: "24 Nov 2026, 22:29"."""
    return _joined(at, _date_formats()[0], "H:i")


def exact(at: datetime) -> str:
    """Format to the second, with the time zone: "24 November 2026, 22:29:05 CET"."""
    return f"{_joined(at, _date_formats()[1], 'H:i:s')} {zone(at)}"


def clock(at: datetime) -> str:
    """Format the time of day, with the time zone: "22:29:05 CET"."""
    return f"{formatted(timezone.localtime(at), 'H:i:s')} {zone(at)}"


def on_at(at: datetime) -> dict[str, str]:
    """Return parts for a sentence: the `date` in words, and the `time` with the time zone."""
    local = timezone.localtime(at)
    date, time = formatted(local, _date_formats()[1]), formatted(local, "H:i")
    return {"date": date, "time": f"{time} {zone(at)}"}


def zone(at: datetime) -> str:
    """Return the short name of the active time zone at that moment, or its offset from UTC."""
    name = timezone.localtime(at).tzname() or ""
    return f"UTC{name}" if name[:1] in {"+", "-"} else name


def ago(at: datetime) -> str:
    """Format how long ago, in the largest unit that fits: "just now", "5 min ago", "2 days ago".

    Each text is translated as a whole: many languages inflect the noun, and some omit the number.
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


def _joined(at: datetime, date: str, time: str) -> str:
    local = timezone.localtime(at)
    parts = {"date": formatted(local, date), "time": formatted(local, time)}
    return gettext("%(date)s, %(time)s") % parts


def _date_formats() -> tuple[str, str]:
    """Return the formats of a short and of a long date in the active language."""
    language = get_language() or "en"
    if known := DATES.get(language) or DATES.get(language.partition("-")[0]):
        return known
    date = str(get_format("DATE_FORMAT"))
    return date, date
