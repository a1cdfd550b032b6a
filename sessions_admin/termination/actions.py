"""What a termination was asked to end: kept as facts, and said in the language of the reader.

The termination log is read by admins of several languages. An entry that has no such facts, or
facts of another version of the app, has the text of its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sessions_admin import bidi, flags, resolvers
from sessions_admin.client import Origin, countries
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.people import label_of
from sessions_admin.querysets import Filters

# The columns of a session that say where it is and on which device. Its address is not kept: those
# of sessions that are over are masked.
ORIGIN = ("country_code", "country", "city", "browser", "device")
# Stands for any address in a private network, which is all that is said of it.
PRIVATE = "10.0.0.0"


@dataclass(frozen=True)
class Action:
    """What was asked for. ``facts`` can be kept as JSON."""

    kind: str
    facts: Mapping[str, Any]

    def __str__(self) -> str:
        said: str = SAID[self.kind](self.facts)
        return said


def said(termination: Termination) -> str:
    """Return the action of a termination as a sentence, in the active language if possible."""
    try:
        return str(Action(**termination.action))
    except Exception:
        return termination.scope


def sessions_of(termination: Termination) -> list[UUID]:
    """Return the ids of the sessions that were asked for one by one; empty if none are on record.

    ``TrackedSession.termination`` has only those that this termination has ended.
    """
    try:
        return [UUID(each) for each in termination.action["facts"]["sessions"]]
    except Exception:
        return []


def names_of(termination: Termination) -> dict[str, str]:
    """Return what the account and the user in its filters were called then, if that is kept."""
    try:
        facts = termination.action["facts"]
        (account, *_) = facts["accounts"] or [""]
        names = {"account": account, "user": facts["filters"].get("user")}
    except Exception:
        return {}
    return {name: text for name, text in names.items() if text and termination.filters.get(name)}


def one(session: TrackedSession) -> Action:
    origin = {name: getattr(session, name) for name in ORIGIN}
    origin["ip_address"] = PRIVATE if session.is_private else ""
    ids = [str(session.public_id)]
    return Action("one", {"name": session.user_name, "origin": origin, "sessions": ids})


def selected(ids: Sequence[UUID]) -> Action:
    return Action("selected", {"n": len(ids), "sessions": [str(each) for each in ids]})


def by_key() -> Action:
    return Action("by_key", {})


def of_user(user: Any) -> Action:
    return Action("of_user", {"name": label_of(user)})


def everything(
    accounts: Iterable[str] | None,
    filters: Filters | None = None,
    chosen: Mapping[str, str] | None = None,
) -> Action:
    """All sessions in these accounts, by name, or in all; those that match the filters.

    ``chosen`` are the names of what is in the filters; those of an account and a user are kept.
    """
    asked = {name: value for name, value in asdict(filters or Filters()).items() if value}
    kept = asked.keys() & {"account", "user"}
    asked |= {name: label for name, label in (chosen or {}).items() if name in kept}
    if account := asked.pop("account", ""):
        accounts = [account]
    names = None if accounts is None else list(accounts)
    return Action("everything", {"accounts": names, "filters": asked})


def in_accounts(names: Iterable[str] | None) -> str:
    """Name accounts as part of a sentence; ``None`` are all."""
    if names is None:
        return _("in every account")
    return _("in %(accounts)s") % {"accounts": bidi.names(names, _("and"))}


def in_words(asked: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield the label and the value of each filter; those of an account and a user are names."""
    if value := asked.get("q"):
        yield _("Search"), value
    if value := asked.get("account"):
        yield _("Account"), value
    if value := asked.get("user"):
        yield _("User"), value
    if value := asked.get("application"):
        yield _("Application"), resolvers.application_name(value)
    if value := asked.get("country"):
        yield _("Country"), countries.name(value, "") or value
    if value := asked.get("flag"):
        known = flags.labels()
        yield _("Flag"), get_text_list([known.get(each, each) for each in value], _("or"))


def _one(facts: Mapping[str, Any]) -> str:
    origin = Origin.described(**facts["origin"])
    return _("Terminated %(name)s: %(device)s, %(location)s") % {
        "name": facts["name"],
        "device": origin.device_label,
        "location": origin.location,
    }


def _selected(facts: Mapping[str, Any]) -> str:
    text = ngettext(
        "Terminated %(n)d selected session", "Terminated %(n)d selected sessions", facts["n"]
    )
    return text % {"n": facts["n"]}


def _everything(facts: Mapping[str, Any]) -> str:
    where = in_accounts(facts["accounts"])
    words = _(", ").join(
        _("%(label)s “%(value)s”") % {"label": label, "value": value}
        for label, value in in_words(facts["filters"])
    )
    if not words:
        return _("Terminated all sessions %(scope)s") % {"scope": where}
    text = _("Terminated the sessions that match %(filters)s, %(scope)s")
    return text % {"filters": words, "scope": where}


SAID = {
    "one": _one,
    "selected": _selected,
    "by_key": lambda _facts: _("Terminated a session by its key"),
    "of_user": lambda facts: _("Terminated all sessions of %(name)s") % facts,
    "everything": _everything,
}
