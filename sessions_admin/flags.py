"""The flags of a session: facts worth reviewing, each with its evidence, never a score.

Travel, country and device are compared when a session signs in or moves (see
``tracking.history``), and their evidence is stored with the row, so that the list counts and
filters them by index and other requests cost nothing. *Many active sessions* and *Inactive* are
shown only while they are true.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from sessions_admin import conf
from sessions_admin.client import DeviceKind, countries
from sessions_admin.generated import last_week_until

IDLE = timedelta(days=30)
# A person's active sessions are counted up to this number.
COUNTED = 100


@dataclass(frozen=True)
class Flag:
    """A flag: ``id`` is used in URLs, ``label`` is short, ``why`` returns a general sentence.

    ``condition`` finds the rows by their own columns (see ``TrackedSessionQuerySet.flagged``), and
    ``column`` says the same in one, if it can. ``own_why`` says to people of their own sessions
    what ``why`` says of them to others. With ``is_by_week``, the condition is on the weeks of an
    index, in each of which rows are newest first.
    """

    id: str
    label: str | Promise
    condition: Callable[[], Q]
    why: Callable[[], str]
    own_why: Callable[[], str]
    column: str = ""
    is_by_week: bool = False


FLAGS = (
    Flag(
        "far",
        _("Impossible travel"),
        lambda: Q(is_far=True),
        lambda: gettext(
            "Too far from this person's other activity for the time in between: faster than a "
            "flight. A VPN can cause this too."
        ),
        lambda: gettext(
            "Too far from your other activity for the time in between: faster than a flight. A VPN "
            "can cause this too."
        ),
        "is_far",
    ),
    Flag(
        "country",
        _("New country"),
        lambda: Q(is_new_country=True),
        lambda: gettext("First sign-in by this person from this country."),
        lambda: gettext("Your first sign-in from this country."),
        "is_new_country",
    ),
    Flag(
        "device",
        _("New type of device"),
        lambda: Q(is_new_kind=True),
        lambda: gettext("First sign-in by this person on this type of device."),
        lambda: gettext("Your first sign-in on this type of device."),
        "is_new_kind",
    ),
    Flag(
        "many",
        _("Many active sessions"),
        lambda: Q(is_one_of_many=True, ended_at=None),
        lambda: (
            ngettext(
                "This person has more than %(n)d active session.",
                "This person has more than %(n)d active sessions.",
                conf.current().many_sessions,
            )
            % {"n": conf.current().many_sessions}
        ),
        lambda: (
            ngettext(
                "You have more than %(n)d active session.",
                "You have more than %(n)d active sessions.",
                conf.current().many_sessions,
            )
            % {"n": conf.current().many_sessions}
        ),
    ),
    Flag(
        "idle",
        _("Inactive for 30+ days"),
        # A session idle for this long also began before that. This and the weeks are indexed.
        lambda: Q(
            last_seen_week__lte=last_idle_week(),
            last_seen_at__lte=idle_since(),
            created_at__lte=idle_since(),
            ended_at=None,
        ),
        lambda: gettext("No activity in the last 30 days."),
        lambda: gettext("No activity in the last 30 days."),
        is_by_week=True,
    ),
)
BY_ID = {flag.id: flag for flag in FLAGS}
# No session that has ended has these.
ONLY_OPEN = ("many", "idle")
BY_WEEK = frozenset(flag.id for flag in FLAGS if flag.is_by_week)


def labels() -> Mapping[str, str]:
    """Return the labels of all flags by id, in the active language."""
    return _labels(get_language())


@functools.cache
def _labels(_language: str | None) -> Mapping[str, str]:
    return {flag.id: str(flag.label) for flag in FLAGS}


@dataclass(frozen=True)
class Raised:
    """A flag of one session; ``evidence`` is a finished sentence in the reader's language."""

    id: str
    label: str
    evidence: str


def raised(row: Any, since: datetime | None = None, *, to_oneself: bool = False) -> list[Raised]:
    """Return the flags of a row with their evidence. Runs no query.

    *Many active sessions* needs a row that was read ``with_active_count``. ``since`` is
    ``idle_since``, for those who ask about many rows. ``to_oneself`` words the evidence for the
    person whose session it is.
    """
    ids = _ids(row, since or idle_since())
    if not ids:
        return []
    stored = row.flag_evidence if isinstance(row.flag_evidence, dict) else {}
    # The evidence is about activity in the account that the row had then. Who sees the row in
    # another account must not read it.
    found = stored if stored.get("account") == row.account_id else {}
    named = labels()
    return [Raised(each, named[each], _sentence(row, each, found, to_oneself)) for each in ids]


def idle_since() -> datetime:
    """Return when a session that is idle was last active."""
    return timezone.now() - IDLE


def last_idle_week() -> date:
    """Return the last week in which a session that is idle can have been active."""
    return last_week_until(idle_since())


def _sentence(row: Any, flag: str, found: Mapping[str, Any], to_oneself: bool) -> str:
    """Return the evidence in words; without it, or in an unknown form, the general sentence."""
    sentences = OWN_SENTENCES if to_oneself else SENTENCES
    try:
        sentence = sentences[flag](row, found.get(flag))
    except (AttributeError, KeyError, TypeError, ValueError):
        sentence = ""
    general = BY_ID[flag]
    return sentence or (general.own_why() if to_oneself else general.why())


def _ids(row: Any, since: datetime) -> list[str]:
    ids = []
    if row.is_far:
        ids.append("far")
    if row.is_new_country:
        ids.append("country")
    if row.is_new_kind:
        ids.append("device")
    if row.ended_at:
        return ids
    if row.is_one_of_many and row.active_count > conf.current().many_sessions:
        ids.append("many")
    if row.last_seen_at <= since:
        ids.append("idle")
    return ids


# --- The sentences; empty without evidence that may be shown --------------------------------------

Evidence = Mapping[str, Any] | None
# Translated only when they are used: most rows have no flag, the others few.
TRAVELS = {
    "signed_in": _(
        "Signed in from %(here)s %(time)s after activity in %(there)s, about %(km)s km away."
    ),
    "moved": _("Used from %(here)s %(time)s after activity in %(there)s, about %(km)s km away."),
    "earlier": _(
        "Active in %(here)s %(time)s before a sign-in from %(there)s, about %(km)s km away."
    ),
}
FIRST_ON = {
    DeviceKind.DESKTOP: _("First sign-in on a computer. Usually: %(usual)s."),
    DeviceKind.PHONE: _("First sign-in on a phone. Usually: %(usual)s."),
    DeviceKind.TABLET: _("First sign-in on a tablet. Usually: %(usual)s."),
    DeviceKind.BOT: _("First sign-in by a bot. Usually: %(usual)s."),
    DeviceKind.APP: _("First sign-in in an app. Usually: %(usual)s."),
}
USUALLY = {
    DeviceKind.DESKTOP: _("computer"),
    DeviceKind.PHONE: _("phone"),
    DeviceKind.TABLET: _("tablet"),
    DeviceKind.BOT: _("bot"),
    DeviceKind.APP: _("app"),
}


def _travel(_row: Any, found: Evidence) -> str:
    if not found:
        return ""
    sentence = TRAVELS[found["how"]] % {
        "here": _location(found["here"]),
        "there": _location(found["there"]),
        "time": _time(found["minutes"]),
        "km": number_format(round(found["km"], -2), force_grouping=True),
    }
    why = gettext("Faster than a flight; a VPN can cause this too.")
    return f"{sentence} {why}"


def _country(_row: Any, found: Evidence) -> str:
    if not found:
        return ""
    here = countries.in_sentence(*found["here"])
    if found["how"] == "moved":
        return gettext("Used in %(country)s for the first time. Signed in from %(usual)s.") % {
            "country": here,
            "usual": countries.in_sentence(*found["usual"]),
        }
    if not found["usual"]:
        return gettext("First sign-in from %(country)s.") % {"country": here}
    usual = countries.name(*found["usual"])
    text = gettext("First sign-in from %(country)s. Usually: %(usual)s.")
    return text % {"country": here, "usual": usual}


def _device(_row: Any, found: Evidence) -> str:
    if not found:
        return ""
    return str(FIRST_ON[found["here"]] % {"usual": USUALLY[found["usual"]]})


def _many(row: Any, _found: Evidence) -> str:
    limit = conf.current().many_sessions
    if row.active_count > COUNTED:
        text = gettext("This person has %(n)s+ active sessions (more than %(limit)s).")
        return text % {"n": COUNTED, "limit": limit}
    text = ngettext(
        "This person has %(n)s active session (more than %(limit)s).",
        "This person has %(n)s active sessions (more than %(limit)s).",
        row.active_count,
    )
    return text % {"n": row.active_count, "limit": limit}


def _own_many(row: Any, _found: Evidence) -> str:
    limit = conf.current().many_sessions
    if row.active_count > COUNTED:
        text = gettext("You have %(n)s+ active sessions (more than %(limit)s).")
        return text % {"n": COUNTED, "limit": limit}
    text = ngettext(
        "You have %(n)s active session (more than %(limit)s).",
        "You have %(n)s active sessions (more than %(limit)s).",
        row.active_count,
    )
    return text % {"n": row.active_count, "limit": limit}


def _idle(_row: Any, _found: Evidence) -> str:
    return ""


SENTENCES: Mapping[str, Callable[[Any, Evidence], str]] = {
    "far": _travel,
    "country": _country,
    "device": _device,
    "many": _many,
    "idle": _idle,
}
# The other sentences do not say whose session it is.
OWN_SENTENCES = {**SENTENCES, "many": _own_many}


def _location(found: list[str]) -> str:
    """Return the city, or else the country, of a stored ``[city, code, country]``."""
    city, code, country = found
    return city or countries.in_sentence(code, country) or gettext("an unknown location")


def _time(minutes: int) -> str:
    if minutes < 90:
        n = max(minutes, 1)
        return ngettext("%(n)d minute", "%(n)d minutes", n) % {"n": n}
    hours = round(minutes / 60)
    return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
