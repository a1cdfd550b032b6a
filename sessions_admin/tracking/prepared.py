"""Logins that code makes outside a request, such as ``Client.force_login`` in tests.

Nothing is known of their client, and whether their session will be saved. So they get a mark with
the id of a row to come, which their first request writes: in four statements, since the session
need not be saved again for its mark.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from sessions_admin import engines, signals
from sessions_admin.models import TrackedSession
from sessions_admin.resolvers import AccountRef
from sessions_admin.tracking import mark as marks
from sessions_admin.tracking import throttle
from sessions_admin.tracking.logins import all_rows, new_row, recover, user_of
from sessions_admin.tracking.mark import Mark


def prepare(session: SessionBase) -> None:
    Mark.of(session, row=str(uuid4()), account="", client=marks.NO_CLIENT).write(session)


def is_waiting(session: SessionBase, mark: Mark) -> bool:
    """Whether the row of this mark may not have been written yet."""
    is_prepared = mark.client == marks.NO_CLIENT and mark.names(session.session_key)
    return is_prepared and throttle.is_new(mark.row)


def begin(
    request: HttpRequest, session: SessionBase, mark: Mark, account: AccountRef | None
) -> None:
    """Write the row, unless another process has written it, or the session was adopted."""
    user = user_of(request)
    if not user.is_authenticated or session[SESSION_KEY] != mark.user:
        return
    for name in (mark.row, f"{mark.row} elsewhere"):
        throttle.is_due(name, timezone.now())
    mine = Q(session_key=session.session_key) | Q(public_id=mark.row)
    found = all_rows().filter(mine).first()
    if found is None:
        if not engines.current().living([session.session_key or ""]):
            # Another request has ended it, or changed its key, since this one read it.
            return
        _write(request, session, user, mark, account)
    elif found.ended_at or str(found.public_id) != mark.row:
        recover(request, session, mark)
        return
    account_id = str(account.id) if account else ""
    if (account_id or marks.is_saved(session)) and (stored := marks.as_stored(session)):
        known = replace(mark, account=account_id)
        marks.keep(known, stored, session)


def _write(
    request: HttpRequest, session: SessionBase, user: Any, mark: Mark, account: AccountRef | None
) -> None:
    row = new_row(request, session, user, account)
    row.public_id = UUID(mark.row)
    # Another process may have written it meanwhile.
    all_rows().bulk_create([row], ignore_conflicts=True)
    if signals.session_started.has_listeners(TrackedSession):
        written = all_rows().filter(public_id=mark.row, created_at=row.created_at).first()
        if written:
            signals.send(signals.session_started, TrackedSession, session=written, request=request)
