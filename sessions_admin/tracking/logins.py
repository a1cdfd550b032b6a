"""Writes the row of a new login, follows its session key, and lists it again after a mistake."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db import IntegrityError
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from sessions_admin import ending, engines, resolvers, signals
from sessions_admin.client import client_of, facts_of, printable
from sessions_admin.models import TrackedSession
from sessions_admin.people import label_of
from sessions_admin.resolvers import AccountRef
from sessions_admin.tracking import recent
from sessions_admin.tracking.history import flags_of_login
from sessions_admin.tracking.mark import Mark, client_digest

logger = logging.getLogger(__name__)

Reason = TrackedSession.EndReason

PASSING = TrackedSession.PASSING_REASONS


def start(request: HttpRequest, session: SessionBase, key_before: str | None) -> None:
    """Write the row of a login that has none, and put its mark into the session."""
    user: Any = request.user
    if not user.is_authenticated or session[SESSION_KEY] != user._meta.pk.value_to_string(user):
        return
    if session.session_key is None:
        # One person signed in over another: Django would make the key only after this.
        session.create()
    account = resolvers.account_of(request)
    # A sign-in would have given the session another key.
    began_before = key_before == session.session_key
    row = _fill_adopted(request, session, account) if began_before else None
    if row is None:
        if key_before:
            ending.end_by_key(key_before, reason=Reason.REPLACED, keep=session.session_key)
        row = _insert(request, session, user, account)
    row_id = str(row.public_id)
    recent.is_due(row_id, row.last_seen_at, saved=True)
    Mark.of(session, row=row_id, account=account, client=client_digest(request)).write(session)


def rotate(
    request: HttpRequest,
    session: SessionBase,
    new: Mark,
    account: AccountRef | None,
    key_before: str | None,
) -> None:
    """Note that the session's key or account has changed: ``new`` is the mark that fits now.

    Its former keys end for good: a late save could bring them back, and of two requests that
    rotate at the same time each makes a key of its own. The last one to come here stays.
    """
    changed = _seen_now(session)
    old = Mark.read(session)
    if old is None or old.account != new.account:
        changed |= account_columns(account)
    replaced = _replace_key(new.row, changed, expected=key_before)
    if replaced or recover(request, session, new.row):
        new.write(session)


def recover(request: HttpRequest, session: SessionBase, row_id: str) -> bool:
    """List a living session whose row is not open again, or refuse it if it was ended.

    Returns whether the row is open now.
    """
    row = TrackedSession.objects.filter(public_id=row_id).first()
    if row is None:
        start(request, session, None)
        return False
    if row.ended_at and row.end_reason not in PASSING:
        ending.refuse(session.session_key)
        session.flush()
        return False
    mistaken = TrackedSession.objects.filter(
        Q(ended_at=None) | Q(end_reason__in=PASSING), pk=row.pk
    )
    return bool(mistaken.update(**_seen_now(session), ended_at=None, end_reason=""))


def flags_or_none(found: Callable[[], dict[str, bool]]) -> dict[str, bool]:
    """The flags that a function finds; none if it fails, since a login without them is tracked."""
    try:
        return found()
    except Exception:
        logger.exception("The flags of a session could not be determined")
        return {}


def _fill_adopted(
    request: HttpRequest, session: SessionBase, account: AccountRef | None
) -> TrackedSession | None:
    """The row that was written for this session before any request showed it, with its origin."""
    key = session.session_key
    rows = TrackedSession.objects.filter(session_key=key, ended_at=None, is_adopted=True)
    row: TrackedSession | None = rows.first()
    if row is None:
        return None
    client = client_of(request)
    rows.update(
        **facts_of(client),
        **account_columns(account),
        application=resolvers.application_of(request).id,
        is_forwarded=client.is_forwarded,
        last_seen_at=timezone.now(),
        expires_at=engines.current().expiry_of(session),
    )
    return row


def _insert(
    request: HttpRequest, session: SessionBase, user: Any, account: AccountRef | None
) -> TrackedSession:
    now = timezone.now()
    client = client_of(request)
    facts = facts_of(client)
    row = TrackedSession(
        session_key=session.session_key,
        key_digest=engines.digest(session.session_key or ""),
        user=user,
        user_label=label_of(user),
        **account_columns(account),
        application=resolvers.application_of(request).id,
        is_forwarded=client.is_forwarded,
        created_at=now,
        last_seen_at=now,
        expires_at=engines.current().expiry_of(session),
        **facts,
        **flags_or_none(partial(flags_of_login, user, facts, now)),
    )
    try:
        row.save(force_insert=True)
    except IntegrityError:
        # Two requests of one untracked session at the same time: the other one wrote the row.
        return TrackedSession.objects.get(session_key=session.session_key)
    signals.send(signals.session_started, TrackedSession, session=row, request=request)
    return row


def _replace_key(row_id: str, changed: dict[str, Any], *, expected: str | None) -> bool:
    """Give the open row its new key, and end the key it has; return whether it was open.

    A key is ended before the row lets go of it: until then Terminate would still end it, too.
    """
    rows = TrackedSession.objects.filter(public_id=row_id, ended_at=None)
    while True:
        if expected is not None:
            if expected != changed["session_key"]:
                ending.abandon(expected)
            if rows.filter(session_key=expected).update(**changed):
                return True
        expected = rows.values_list("session_key", flat=True).first()
        if expected is None:
            return False


def _seen_now(session: SessionBase) -> dict[str, Any]:
    """The columns of a session that is being saved, which gives it a new expiry."""
    return {
        "session_key": session.session_key,
        "key_digest": engines.digest(session.session_key or ""),
        "last_seen_at": timezone.now(),
        "expires_at": engines.current().expiry_of(session),
    }


def account_columns(account: AccountRef | None) -> dict[str, str]:
    if account is None:
        return {"account_id": "", "account_name": ""}
    return {
        "account_id": str(account.id)[: resolvers.ACCOUNT_ID_LENGTH],
        "account_name": printable(account.name, resolvers.NAME_LENGTH) or str(account.id),
    }
