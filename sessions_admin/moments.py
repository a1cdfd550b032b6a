"""Format dates and times in Django's active language and time zone.

Date formats come from the Unicode CLDR data in Babel. Times use the 24-hour clock in every
language, so that none can be mistaken by twelve hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MONTH_DAYS, YEAR_DAYS = 30, 365


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as pages show it: ``text`` to read, ``exact`` to the second, ``iso`` for machines."""

    text: str
    exact: str
    iso: str


class Moments:
    """Formats the times of one page; language and time zone are looked up only once."""

    def __init__(self) -> None:
        self._timezone = timezone.get_current_timezone()
        self._locale = _locale()
        self._joined = gettext("%(date)s, %(time)s")
        self._dates: dict[tuple[date, str], str] = {}

    def moment(self, at: datetime, text: str = "") -> Moment:
        """Return this time; ``text`` replaces the short form."""
        local = at.astimezone(self._timezone)
        short = {"date": self._date(local.date(), "medium"), "time": f"{local:%H:%M}"}
        full = {"date": self._date(local.date(), "long"), "time": f"{local:%H:%M:%S}"}
        return Moment(
            text=text or self._joined % short,
            exact=f"{self._joined % full} {_zone(local)}",
            iso=local.isoformat(timespec="seconds"),
        )

    def _date(self, day: date, width: str) -> str:
        if (day, width) not in self._dates:
            self._dates[day, width] = format_date(day, width, locale=self._locale)
        return self._dates[day, width]


def short(at: datetime) -> str:
    """Format to the minute: "24 Nov 2026, 22:29"."""
    return _joined(at, "medium", "HH:mm")


def exact(at: datetime) -> str:
    """Format to the second, with the time zone: "24 November 2026, 22:29:05 CET"."""
    return f"{_joined(at, 'long', 'HH:mm:ss')} {zone(at)}"


def clock(at: datetime) -> str:
    """Format the time of day, with the time zone: "22:29:05 CET"."""
    return f"{format_time(timezone.localtime(at), 'HH:mm:ss', locale=_locale())} {zone(at)}"


def on_at(at: datetime) -> dict[str, str]:
    """Return parts for a sentence: the `date` in words, and the `time` with the time zone."""
    local, locale = timezone.localtime(at), _locale()
    time = format_time(local, "HH:mm", locale=locale)
    return {"date": format_date(local, "long", locale=locale), "time": f"{time} {zone(at)}"}


def zone(at: datetime) -> str:
    """Return the short name of the active time zone at that moment, or its offset from UTC."""
    return _zone(timezone.localtime(at))


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


def _zone(local: datetime) -> str:
    name = local.tzname() or ""
    return f"UTC{name}" if name[:1] in {"+", "-"} else name


def _joined(at: datetime, width: str, clock: str) -> str:
    local, locale = timezone.localtime(at), _locale()
    parts = {
        "date": format_date(local, width, locale=locale),
        "time": format_time(local, clock, locale=locale),
    }
    return gettext("%(date)s, %(time)s") % parts


def _locale() -> Locale:
    """Return the locale of the active language; plain English uses British date formats."""
    language = get_language() or "en"
    for name in ("en-GB" if language == "en" else language, language.partition("-")[0]):
        try:
            return Locale.parse(name, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en", "GB")
