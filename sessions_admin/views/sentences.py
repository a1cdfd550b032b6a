"""The sentences of the pages about sessions, counts and terminations."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sessions_admin import conf
from sessions_admin.client import Origin
from sessions_admin.listing.counting import Count, grouped
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.termination import actions

# Newer sessions are counted up to this number.
MOST_NEWS = 99


def summary(session: TrackedSession, now: Origin | None, *, is_over: bool = False) -> str:
    """Describe the origin of a session at its sign-in and now, or last if it is over."""
    if session.is_adopted:
        return _("This session began before sessions were recorded, so its sign-in is unknown.")
    is_same_device = now is None or session.is_same_device(now)
    if now is None or (now.location_phrase == session.location_phrase and is_same_device):
        text = _("Signed in from %(location)s.")
    elif now.location_phrase == session.location_phrase:
        text = (
            _("Signed in from %(location)s, then used %(new_device)s.")
            if is_over
            else _("Signed in from %(location)s, now using %(new_device)s.")
        )
    elif is_same_device:
        text = (
            _("Signed in from %(location)s, then in %(new_location)s.")
            if is_over
            else _("Signed in from %(location)s, now in %(new_location)s.")
        )
    else:
        text = (
            _("Signed in from %(location)s, then in %(new_location)s, using %(new_device)s.")
            if is_over
            else _("Signed in from %(location)s, now in %(new_location)s, using %(new_device)s.")
        )
    return text % {
        "location": session.location_phrase,
        "new_location": now.location_phrase if now else "",
        "new_device": now.device_label if now else "",
    }


def scope(scope: Scope) -> str:
    """Name the accounts of a scope, as part of a sentence."""
    return actions.in_accounts(accounts_named(scope))


def accounts_named(scope: Scope) -> list[str] | None:
    """Return the names of the accounts of a scope; ``None`` if it has all."""
    return None if scope.everything else [account.name for account in scope.accounts]


def number(total: Count) -> str:
    """Write a count in digits: "28", or "100+" if there are more."""
    text = _("%(count)s+") if total.is_more else "%(count)s"
    return text % {"count": grouped(total.number)}


def count(total: Count, *, filtered: bool) -> str:
    """Say how many sessions the list has."""
    n = total.number
    if total.is_more:
        text = _("%(n)s+ matching sessions") if filtered else _("%(n)s+ active sessions")
        return text % {"n": grouped(n)}
    if filtered:
        text = ngettext("%(n)s matching session", "%(n)s matching sessions", n)
    else:
        text = ngettext("%(n)s active session", "%(n)s active sessions", n)
    return text % {"n": grouped(n)}


def records(total: Count, *, filtered: bool) -> str:
    """Say how many sign-ins the login records have."""
    n = total.number
    if total.is_more:
        text = _("%(n)s+ matching sign-ins") if filtered else _("%(n)s+ sign-ins on record")
    elif filtered:
        text = ngettext("%(n)s matching sign-in", "%(n)s matching sign-ins", n)
    else:
        text = ngettext("%(n)s sign-in on record", "%(n)s sign-ins on record", n)
    return text % {"n": grouped(n)}


def retention() -> str:
    """Say how long login records are kept, and when their addresses are shortened."""
    days, masked = conf.current().retention_days, conf.current().mask_addresses_after_days
    if not days:
        text = _("They are kept for good.")
    else:
        text = ngettext(
            "They are kept for %(n)s day after the session ends.",
            "They are kept for %(n)s days after the session ends.",
            days,
        )
    sentences = [text % {"n": grouped(days)}]
    if masked:
        more = ngettext(
            "IP addresses are shortened after %(n)s day.",
            "IP addresses are shortened after %(n)s days.",
            masked,
        )
        sentences.append(more % {"n": grouped(masked)})
    return " ".join(sentences)


def entries(shown: int, *, are_all: bool) -> str:
    """Say how many entries of the termination log a page shows."""
    if are_all:
        text = ngettext("%(n)s entry", "%(n)s entries", shown)
    else:
        text = ngettext("%(n)s entry on this page", "%(n)s entries on this page", shown)
    return text % {"n": grouped(shown)}


def positions(before: Count, shown: int, total: Count) -> str:
    """Say which sessions a page shows, as in "51-100 of 5,090".

    Empty if it shows all of them, or so far down that those before it are not counted.
    """
    first, last = before.number + 1, before.number + shown
    if before.is_more or not shown or (first == 1 and last >= total.number and not total.is_more):
        return ""
    pages = grouped(last) if first == last else f"{grouped(first)}\u2013{grouped(last)}"
    # With sessions that began in between, a page may reach beyond the total.
    number = grouped(max(total.number, last))
    text = _("%(pages)s of %(n)s+") if total.is_more else _("%(pages)s of %(n)s")
    return text % {"pages": pages, "n": number}


def printed(number: int, total: Count) -> str:
    """Say which of the sessions a page to print has, if it does not have all."""
    text = (
        _("Showing %(shown)s of %(n)s+ sessions. Filter the list to print the others.")
        if total.is_more
        else _("Showing %(shown)s of %(n)s sessions. Filter the list to print the others.")
    )
    return text % {"shown": grouped(number), "n": grouped(max(total.number, number))}


def news(count: int) -> str:
    """Say how many newer sessions there are; empty for none."""
    if count > MOST_NEWS:
        return _("%(n)d+ new sessions · Show") % {"n": MOST_NEWS}
    text = ngettext("%(n)d new session · Show", "%(n)d new sessions · Show", count)
    return text % {"n": count} if count else ""


def alarms(count: Count) -> str:
    """Say how many terminated sessions somebody tried to reuse."""
    if count.is_more:
        text = _("Someone tried to reuse %(n)s+ terminated sessions")
    else:
        text = ngettext(
            "Someone tried to reuse a terminated session",
            "Someone tried to reuse %(n)s terminated sessions",
            count.number,
        )
    # A page has the same sentence with "count" in it, and both share one translation.
    number = grouped(count.number)
    return text % {"n": number, "count": number}


def terminate_all(total: Count, *, filtered: bool) -> str:
    """Return the label of the button *Terminate all*; empty without sessions."""
    n = total.number
    if not n:
        return ""
    if total.is_more:
        text = (
            _("Terminate all matching sessions (%(n)s+)")
            if filtered
            else _("Terminate all sessions (%(n)s+)")
        )
        return text % {"n": grouped(n)}
    if n == 1:
        return _("Terminate this session")
    if filtered:
        text = ngettext(
            "Terminate %(n)s matching session", "Terminate all %(n)s matching sessions", n
        )
    else:
        text = ngettext("Terminate %(n)s session", "Terminate all %(n)s sessions", n)
    return text % {"n": grouped(n)}


def already_gone(ended: TrackedSession) -> str:
    """Say that a session had ended before it could be terminated."""
    return _("%(name)s's session had already ended.") % {"name": ended.user_name}


def failed(termination: Termination) -> str:
    """Say how many sessions could not be terminated, and why."""
    text = ngettext(
        "%(n)s session could not be terminated because the session store did not respond. "
        "Try again.",
        "%(n)s sessions could not be terminated because the session store did not respond. "
        "Try again.",
        termination.failed,
    )
    return text % {"n": grouped(termination.failed)}


def why_nothing(termination: Termination) -> str:
    """Say why a termination ended nothing; empty for others."""
    if not termination.is_finished or termination.ended or termination.failed:
        return ""
    if not termination.already_gone:
        return _("Nothing was terminated, because no matching session was still active.")
    text = ngettext(
        "Nothing was terminated, because the session had already ended.",
        "Nothing was terminated, because all %(n)s sessions had already ended.",
        termination.already_gone,
    )
    return text % {"n": grouped(termination.already_gone)}


def result(termination: Termination) -> str:
    """Describe the result of a termination in full sentences."""
    if nothing := why_nothing(termination):
        return nothing
    sentences = [
        ngettext("%(n)s session terminated.", "%(n)s sessions terminated.", termination.ended)
        % {"n": grouped(termination.ended)}
    ]
    if gone := termination.already_gone:
        text = ngettext("%(n)s had already ended.", "%(n)s had already ended.", gone)
        sentences.append(text % {"n": grouped(gone)})
    if termination.failed:
        sentences.append(failed(termination))
    return " ".join(sentences)
