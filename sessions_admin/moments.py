"""Format dates and times in Django's active language and time zone, and read times.

Without USE_TZ a project's times have no time zone: they are in the zone of TIME_ZONE.

Times use the 24-hour clock in every language, so that none can be mistaken by twelve hours.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
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
    "sl": ("j. n. Y", "j. F Y"),
    "ar": ("d\u200f/m\u200f/Y", "j F Y"),
}
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MONTH_DAYS, YEAR_DAYS = 30, 365
# Stands for the time of day in the text of a day.
TIME = "\0"


class Moment(NamedTuple):
    """A time as pages show it: ``text`` to read, ``exact`` to the second, ``iso`` for machines."""

    text: str
    exact: str
    iso: str


class Moments:
    """Formats the times of one page; language and time zone are looked up only once."""

    def __init__(self) -> None:
        self._timezone = timezone.get_current_timezone()
        self._short, self._long = _date_formats()
        self._now = timezone.now()
        self._joined = gettext("%(date)s, %(time)s")
        self._days: dict[date, tuple[str, str]] = {}
        self._zones: dict[str | None, str] = {}
        self._agos: dict[tuple[str, int], str] = {}

    def moment(self, at: datetime, text: str = "") -> Moment:
        """Return this time; ``text`` replaces the short form."""
        local = (at if at.tzinfo else aware(at)).astimezone(self._timezone)
        day = local.date()
        short_day, long_day = self._days.get(day) or self._day(day)
        iso = local.isoformat(timespec="seconds")
        name = local.tzname()
        if name not in self._zones:
            self._zones[name] = f" {_zone(local)}"
        return Moment(
            text=text or short_day.replace(TIME, iso[11:16]),
            exact=long_day.replace(TIME, iso[11:19]) + self._zones[name],
            iso=iso,
        )

    def last_active(self, at: datetime) -> Moment:
        """Return this time, with how long ago it is as the text."""
        span = _span(self._now - at)
        if span not in self._agos:
            self._agos[span] = _activity(span)
        return self.moment(at, self._agos[span])

    def _day(self, day: date) -> tuple[str, str]:
        short, long = (
            self._joined % {"date": formatted(day, shape), "time": TIME}
            for shape in (self._short, self._long)
        )
        self._days[day] = short, long
        return short, long


def short(at: datetime) -> str:
    """Format to the minute: "24 Nov 2026, 22:29"."""
    return _joined(at, _date_formats()[0], "H:i")


def exact(at: datetime) -> str:
    """Format to the second, with the time zone: "24 November 2026, 22:29:05 CET"."""
    return f"{_joined(at, _date_formats()[1], 'H:i:s')} {zone(at)}"


def day(on: date) -> str:
    """Format a date alone: "24 Nov 2026"."""
    return formatted(on, _date_formats()[0])


def clock(at: datetime) -> str:
    """Format the time of day, with the time zone: "22:29:05 CET"."""
    return f"{formatted(_local(at), 'H:i:s')} {zone(at)}"


def on_at(at: datetime) -> dict[str, str]:
    """Return parts for a sentence: the `date` in words, and the `time` with the time zone."""
    local = _local(at)
    date, time = formatted(local, _date_formats()[1]), formatted(local, "H:i")
    return {"date": date, "time": f"{time} {zone(at)}"}


def zone(at: datetime) -> str:
    """Return the short name of the active time zone at that moment, or its offset from UTC."""
    return _zone(_local(at))


def ago(at: datetime) -> str:
    """Format how long ago, in the largest unit that fits: "just now", "5 min ago", "2 days ago"."""
    return _ago(_span(timezone.now() - at))


def last_active(at: datetime) -> str:
    """Format when a session was last active: like ``ago``, but "Active now"."""
    return _activity(_span(timezone.now() - at))


def _span(past: timedelta) -> tuple[str, int]:
    """Return the largest unit of time that fits, and how many of it; "" for less than a minute."""
    days, hours, minutes = past.days, past // HOUR, past // MINUTE
    if minutes < 1:
        return "", 0
    if hours < 1:
        return "minute", minutes
    if days < 1:
        return "hour", hours
    if days < MONTH_DAYS:
        return "day", days
    if days < YEAR_DAYS:
        return "month", days // MONTH_DAYS
    return "year", days // YEAR_DAYS


def _activity(span: tuple[str, int]) -> str:
    return _ago(span) if span[0] else gettext("Active now")


def _ago(span: tuple[str, int]) -> str:
    """Each text is translated as a whole: languages inflect the noun, and some omit the number."""
    unit, n = span
    if unit == "minute":
        text = ngettext("%(n)d min ago", "%(n)d min ago", n)
    elif unit == "hour":
        text = ngettext("%(n)d hour ago", "%(n)d hours ago", n)
    elif unit == "day":
        text = ngettext("%(n)d day ago", "%(n)d days ago", n)
    elif unit == "month":
        text = ngettext("%(n)d month ago", "%(n)d months ago", n)
    elif unit == "year":
        text = ngettext("%(n)d year ago", "%(n)d years ago", n)
    else:
        return gettext("just now")
    return text % {"n": n}


def aware(at: datetime) -> datetime:
    """Return the time with its time zone."""
    if timezone.is_aware(at):
        return at
    return timezone.make_aware(at, timezone.get_default_timezone())


def as_kept(at: datetime) -> datetime:
    """Return the time as this project keeps times: in UTC, or without a zone if not USE_TZ."""
    if settings.USE_TZ:
        return aware(at).astimezone(UTC)
    return timezone.make_naive(at, timezone.get_default_timezone()) if at.tzinfo else at


def from_unix(seconds: float) -> datetime:
    """Return the time of a Unix time, as this project keeps times."""
    return as_kept(datetime.fromtimestamp(seconds, UTC))


def parse(text: str) -> datetime:
    """Read a time that was written with ``isoformat`` from a value of this project.

    Raises ValueError, or OverflowError for a time out of range.
    """
    at = datetime.fromisoformat(text)
    if timezone.is_aware(at) != settings.USE_TZ:
        raise ValueError(text)
    return as_kept(at)


def _local(at: datetime) -> datetime:
    return timezone.localtime(aware(at))


def _zone(local: datetime) -> str:
    name = local.tzname() or ""
    return f"UTC{name}" if name[:1] in {"+", "-"} else name


def _joined(at: datetime, date: str, time: str) -> str:
    local = _local(at)
    parts = {"date": formatted(local, date), "time": formatted(local, time)}
    return gettext("%(date)s, %(time)s") % parts


def _date_formats() -> tuple[str, str]:
    """Return the formats of a short and of a long date in the active language."""
    language = get_language() or "en"
    if known := DATES.get(language) or DATES.get(language.partition("-")[0]):
        return known
    date = str(get_format("DATE_FORMAT"))
    return date, date
