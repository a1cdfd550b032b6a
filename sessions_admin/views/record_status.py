"""What login records say of a session: that it is active, or how it ended and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _

from sessions_admin import liveness
from sessions_admin.listing.record_filters import ACTIVE
from sessions_admin.models import TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.views.rows import say_store_is_away

Reason = TrackedSession.EndReason


@dataclass(frozen=True)
class Status:
    """How a session is or ended, in words; ``at`` is when, ``None`` while that is not recorded.

    ``reason`` is its EndReason, recorded or not; it is empty if the session is active, or if
    nothing can be said. ``log_entry`` and ``admin`` are the public id of its termination and who
    that was, if the reader may see them.
    """

    text: str
    at: datetime | None = None
    is_active: bool = False
    reason: str = ""
    log_entry: UUID | None = None
    admin: str = ""

    def fits(self, asked: str) -> bool:
        """Whether a filter by status finds it; an empty one finds all."""
        return not asked or (self.is_active if asked == ACTIVE else self.reason == asked)


def statuses(
    request: HttpRequest,
    scope: Scope,
    sessions: list[TrackedSession],
    *,
    meanwhile: Callable[[], None] | None = None,
) -> dict[TrackedSession, Status]:
    """Return the status of each session, as ``judged`` does.

    If the store does not answer, a message says so, and nothing is said of the open ones.
    """
    try:
        return judged(scope, sessions, meanwhile)
    except liveness.StoreUnavailableError:
        say_store_is_away(request)
        return {
            each: _ended(scope, each) if each.ended_at else Status(_("Unknown"))
            for each in sessions
        }


def judged(
    scope: Scope, sessions: list[TrackedSession], meanwhile: Callable[[], None] | None = None
) -> dict[TrackedSession, Status]:
    """Return the status of each session; those that have not ended are looked up in the store.

    ``meanwhile`` is called when it has answered. Needs ``select_related("user", "termination")``,
    and the sessions before they are ``shown``. Raises StoreUnavailableError.
    """
    gone = liveness.judged([each for each in sessions if each.ended_at is None], meanwhile)
    return {
        each: _ended(scope, each) if each.ended_at else _open(each, gone.get(each))
        for each in sessions
    }


def _open(session: TrackedSession, verdict: str | None) -> Status:
    """Return the status of a session whose end, if it has ended, nothing has recorded yet."""
    if verdict is None:
        return Status(_("Active"), is_active=True)
    if verdict == liveness.UNDECIDED:
        return Status(_("Unknown"))
    # As the sweep will record it.
    at = session.expires_at if verdict == Reason.EXPIRED else None
    return Status(str(Reason(verdict).label), at=at, reason=verdict)


def _ended(scope: Scope, session: TrackedSession) -> Status:
    reason, at = session.end_reason, session.ended_at
    # Another version of the app may know more reasons.
    how = str(dict(Reason.choices).get(reason) or _("Ended"))
    termination = session.termination
    # Who ended an admin's session in another account is the business of that account.
    if termination is None or (session.account_id and not scope.may_name_account(session)):
        return Status(how, at=at, reason=reason)
    admin = termination.actor_label if reason == Reason.TERMINATED else ""
    if admin:
        how = _("Terminated by %(name)s") % {"name": admin}
    return Status(how, at=at, reason=reason, log_entry=termination.public_id, admin=admin)
