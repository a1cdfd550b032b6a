"""A range of dates in a page's URL: ``from`` and ``to`` (ISO dates), and ``within`` (24h, 7d, 30d).

The days are those of the reader's time zone, and both are included. All that is given has to fit.
An unreadable value matches nothing: if it were ignored, a page would show, and an export contain,
more than was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from sessions_admin import moments
from sessions_admin.client import printable

NAMES = ("from", "to", "within")
PERIODS = {
    "24h": (timedelta(hours=24), _("Last 24 hours")),
    "7d": (timedelta(days=7), _("Last 7 days")),
    "30d": (timedelta(days=30), _("Last 30 days")),
}
CHOICES = (("", _("Any time")), *((value, label) for value, (_age, label) in PERIODS.items()))
LABELS = {
    "from": pgettext_lazy("first day", "From"),
    "to": pgettext_lazy("last day", "To"),
    "within": _("Period"),
}
LENGTH = 30

Rows = TypeVar("Rows", bound=QuerySet[Any])


@dataclass(frozen=True)
class Dates:
    """The range as requested: the first and the last day, and the period that ends now.

    ``given`` are the texts in the URL, without empty ones, and ``wrong`` the names of those that
    are unreadable.
    """

    first: date | None = None
    last: date | None = None
    within: str = ""
    given: dict[str, str] = field(default_factory=dict)
    wrong: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Dates:
        """Read the range from the parameters of a URL."""
        texts = {name: str(data.get(name) or "").strip()[:LENGTH] for name in NAMES}
        given = {name: text for name, text in texts.items() if text}
        days = {name: _day(given.get(name, "")) for name in ("from", "to")}
        within = given.get("within", "")
        wrong = [name for name in days if name in given and days[name] is None]
        if within and within not in PERIODS:
            wrong.append("within")
        return cls(days["from"], days["to"], within, given, tuple(wrong))

    def __bool__(self) -> bool:
        return bool(self.given)

    def matching(self, rows: Rows, time_field: str = "created_at") -> Rows:
        """Return the rows whose time is in the range; none if a value is unreadable."""
        if self.wrong or self._is_backwards:
            return rows.none()
        if self.first and (start := _start_of(self.first)):
            rows = rows.filter(**{f"{time_field}__gte": start})
        if self.last and (end := _end_of(self.last)):
            rows = rows.filter(**{f"{time_field}__lt": end})
        if self.within:
            age, _label = PERIODS[self.within]
            rows = rows.filter(**{f"{time_field}__gte": timezone.now() - age})
        return rows

    @property
    def notices(self) -> list[str]:
        """A sentence for each value that makes the range match nothing."""
        no_date = gettext(
            "“%(text)s” is not a date, so nothing matches. Enter a date like 2026-12-31."
        )
        no_period = gettext("That period doesn't exist, so nothing matches.")
        sentences = {"from": no_date, "to": no_date, "within": no_period}
        found = [sentences[name] % {"text": self._shown(name)} for name in self.wrong]
        if self._is_backwards:
            found.append(gettext("The first date is after the last one, so nothing matches."))
        return found

    def in_words(self) -> list[tuple[str, str, str]]:
        """Return what is given, each as its name, its label and its value in words."""
        words = {name: self._shown(name) for name in self.wrong}
        if self.first:
            words["from"] = moments.day(self.first)
        if self.last:
            words["to"] = moments.day(self.last)
        if self.within in PERIODS:
            words["within"] = str(PERIODS[self.within][1])
        return [(name, str(LABELS[name]), words[name]) for name in NAMES if name in words]

    def facts(self) -> dict[str, str]:
        """Return what is given, as ``read`` reads it again."""
        return {name: self._shown(name) for name in self.given}

    @property
    def choices(self) -> tuple[tuple[str, Any], ...]:
        """The periods for a select; an unknown one in the URL is among them, to be seen."""
        if "within" in self.wrong:
            return (*CHOICES, (self.within, self._shown("within")))
        return CHOICES

    def _shown(self, name: str) -> str:
        return printable(self.given[name], LENGTH)

    @property
    def _is_backwards(self) -> bool:
        return bool(self.first and self.last and self.first > self.last)


def _day(text: str) -> date | None:
    """Return the date in this text; ``None`` if it is none, or in another form than 2026-12-31."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def _start_of(day: date) -> datetime | None:
    """Return when the day begins in the reader's time zone.

    ``None`` for a moment out of range, before or after which nothing can be.
    """
    try:
        midnight = datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())
        return moments.as_kept(midnight)
    except OverflowError:
        return None


def _end_of(day: date) -> datetime | None:
    """Return when the next day begins; ``None`` as in ``_start_of``."""
    try:
        return _start_of(day + timedelta(days=1))
    except OverflowError:
        return None
