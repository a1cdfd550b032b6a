"""What login records say of a session: that it is active, or how it ended and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _

from sessions_admin import liveness
from sessions_admin.models import TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.views.rows import say_store_is_away

Reason = TrackedSession.EndReason


@dataclass(frozen=True)
class Status:
    """How a session is or ended, in words; ``at`` is when, ``None`` while that is not recorded.

    ``log_entry`` is the public id of its termination, if the reader may see that.
    """

    text: str
    at: datetime | None = None
    is_active: bool = False
    log_entry: UUID | None = None


def statuses(
    request: HttpRequest, scope: Scope, sessions: list[TrackedSession]
) -> dict[TrackedSession, Status]:
    """Return the status of each session; those that have not ended are looked up in the store.

    Needs ``select_related("user", "termination")``, and the sessions before they are ``shown``. If
    the store does not answer, a message says so, and nothing is said of the open ones.
    """
    still_open = [session for session in sessions if session.ended_at is None]
    found = {each: _ended(scope, each) for each in sessions if each.ended_at is not None}
    try:
        gone = liveness.judged(still_open)
    except liveness.StoreUnavailableError:
        say_store_is_away(request)
        return found | dict.fromkeys(still_open, Status(_("Unknown")))
    return found | {each: _open(each, gone.get(each)) for each in still_open}


def _open(session: TrackedSession, verdict: str | None) -> Status:
    """Return the status of a session whose end, if it has ended, nothing has recorded yet."""
    if verdict is None:
        return Status(_("Active"), is_active=True)
    if verdict == liveness.UNDECIDED:
        return Status(_("Unknown"))
    return Status(str(Reason(verdict).label))


def _ended(scope: Scope, session: TrackedSession) -> Status:
    how = str(Reason(session.end_reason).label) if session.end_reason else _("Ended")
    termination = session.termination
    # Who ended an admin's session in another account is the business of that account.
    if termination and (not session.account_id or scope.may_name_account(session)):
        if session.end_reason == Reason.TERMINATED:
            how = _("Terminated by %(name)s") % {"name": termination.actor_label}
        return Status(how, at=session.ended_at, log_entry=termination.public_id)
    return Status(how, at=session.ended_at)
