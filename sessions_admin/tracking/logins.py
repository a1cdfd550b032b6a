"""Write the row of a new login, follow its session key, and reopen a row that was ended wrongly."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib.auth import SESSION_KEY, get_user, get_user_model
from django.contrib.sessions.backends.base import SessionBase
from django.db import router
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from sessions_admin import ending, engines, resolvers, signals
from sessions_admin.client import client_of, facts_of, printable
from sessions_admin.models import TrackedSession
from sessions_admin.people import label_of
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.resolvers import AccountRef
from sessions_admin.tracking import mark as marks
from sessions_admin.tracking import throttle
from sessions_admin.tracking.history import flags_of_login
from sessions_admin.tracking.mark import Mark

logger = logging.getLogger(__name__)

Reason = TrackedSession.EndReason

PASSING = TrackedSession.PASSING_REASONS
# With these a person ends the session in one browser, which does not end copies of it elsewhere.
OWN_ENDS = {Reason.SIGNED_OUT, Reason.REPLACED}


class EndedError(Exception):
    """The row of this session has ended for good."""


def start(
    request: HttpRequest, session: SessionBase, key_before: str | None, mark: Mark | None = None
) -> None:
    """Find or write the row of a session whose mark is missing or does not fit, and set the mark.

    After a sign-in the row is new. Otherwise it may exist already: a parallel request may have
    written it, or the key was rotated outside the middleware.
    """
    user = user_of(request)
    if not user.is_authenticated or session[SESSION_KEY] != user._meta.pk.value_to_string(user):
        return
    if session.session_key is None:
        # One person signed in over another; Django would create the key only later. Not by
        # ``create``, which may empty the data (that of django-user-sessions does).
        session.cycle_key()
    account = resolvers.account_of(request)
    if mark is None and getattr(session, "_signed_in", False):
        _start_new(request, session, user, account, key_before)
        return
    stored = marks.as_stored(session)
    if stored is None:
        return
    try:
        # Not ``key_before``: a view may have put another session in place of the request's own.
        came_with = getattr(session, "_came_with", None)
        row = _row_of_key(stored, user, account, came_with)
        if row is None and mark:
            row = _row_left_behind(stored, user, account, mark)
    except EndedError:
        _refuse(session)
        return
    if row and row.is_adopted and (mark is None or mark.client == marks.NO_CLIENT):
        _fill_adopted(request, row)
    if row is None and account is None and mark:
        account = _account_left_behind(user, mark)
    if row := row or _insert(request, stored, user, account):
        is_home = row.is_from(client_of(request))
        client = marks.client_digest(request) if is_home else mark.client if mark else ""
        marks.keep(_fitting(stored, row, account, client), stored, session)


def rotate(
    request: HttpRequest,
    session: SessionBase,
    mark: Mark,
    account: AccountRef | None,
    key_before: str | None,
) -> None:
    """Update the row after this request has rotated the session key.

    Former keys are refused, since a late save could bring them back. Of two requests that rotate
    at the same time, each creates a key; the last one to get here keeps its key.
    """
    changed = _seen_now(session) | _changed_account(mark.account, account)
    if _replace_key(mark, changed, expected=key_before):
        _renewed(session, mark, account, changed).write(session)
    else:
        recover(request, session, mark)


def switch_account(
    request: HttpRequest, session: SessionBase, mark: Mark, account: AccountRef
) -> None:
    """Update the row after the session has switched to another account."""
    changed = _seen_now(session) | account_columns(account)
    if open_row(session, mark).update(**changed):
        _renewed(session, mark, account, changed).write(session)
    else:
        recover(request, session, mark)


def recover(request: HttpRequest, session: SessionBase, mark: Mark) -> None:
    """Reopen or write the row of a live session, or refuse the session if its row has ended."""
    ended = TrackedSession.objects.filter(public_id=mark.row, ended_at__isnull=False)
    if ended.exclude(end_reason__in=PASSING).exists():
        _refuse(session)
    else:
        start(request, session, None, mark)


def open_row(session: SessionBase, mark: Mark) -> TrackedSessionQuerySet:
    """Return a queryset of the mark's row, empty unless it is open with this session's key."""
    key = engines.digest(session.session_key or "")
    return TrackedSession.objects.filter(public_id=mark.row, key_digest=key, ended_at=None)


def user_of(request: HttpRequest) -> Any:
    """Return the user, whom a middleware that answers early has not set."""
    return request.user if hasattr(request, "user") else get_user(request)


def flags_or_none(found: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the flag columns that ``found`` returns, or none if it fails: tracking goes on."""
    try:
        return found()
    except Exception:
        logger.exception("The flags of a session could not be determined")
        return {}


def _start_new(
    request: HttpRequest,
    session: SessionBase,
    user: Any,
    account: AccountRef | None,
    key_before: str | None,
) -> None:
    if key_before:
        ending.end_by_key(key_before, reason=Reason.REPLACED, keep=session.session_key)
    row = new_row(request, session, user, account)
    all_rows().insert(row)
    signals.send(signals.session_started, TrackedSession, session=row, request=request)
    _fitting(session, row, account, marks.client_digest(request)).write(session)


def _insert(
    request: HttpRequest, session: SessionBase, user: Any, account: AccountRef | None
) -> TrackedSession | None:
    """Write the row, or return the one that a parallel request of this session has just written.

    Conflicts are ignored rather than raised, since the database would log the session key.
    """
    new = new_row(request, session, user, account)
    all_rows().bulk_create([new], ignore_conflicts=True)
    row: TrackedSession | None = all_rows().filter(session_key=new.session_key, user=user).first()
    if row and row.public_id == new.public_id:
        signals.send(signals.session_started, TrackedSession, session=row, request=request)
    return row


def new_row(
    request: HttpRequest, session: SessionBase, user: Any, account: AccountRef | None
) -> TrackedSession:
    client = client_of(request)
    facts = facts_of(client)
    seen = _seen_now(session)
    columns = account_columns(account)
    find = partial(flags_of_login, user, facts, columns["account_id"], seen["last_seen_at"])
    return TrackedSession(
        **seen,
        **columns,
        user=user,
        user_label=label_of(user),
        application=resolvers.application_of(request).id,
        **resolvers.sign_in_method_of(request).columns,
        is_forwarded=client.is_forwarded,
        created_at=seen["last_seen_at"],
        **facts,
        **flags_or_none(find),
    )


def _fill_adopted(request: HttpRequest, row: TrackedSession) -> None:
    """Set the origin and application of an adopted session from its first request."""
    client = client_of(request)
    shown = {
        **facts_of(client),
        "application": resolvers.application_of(request).id,
        **resolvers.sign_in_method_of(request).columns,
        "is_forwarded": client.is_forwarded,
    }
    all_rows().filter(pk=row.pk).update(**shown)
    for name, value in shown.items():
        setattr(row, name, value)


def _row_of_key(
    session: SessionBase, user: Any, account: AccountRef | None, came_with: str | None
) -> TrackedSession | None:
    """Return the open row of this session's key, or of the key that the request was sent with."""
    key = session.session_key
    if row := all_rows().filter(session_key=key, ended_at=None).first():
        if row.user_id == user.pk:
            return _list_under(session, row, account)
        # The project has put another user into the session.
        ending.end_by_key(row.session_key, reason=Reason.REPLACED, keep=key)
    if came_with and came_with != key:
        if row := all_rows().filter(session_key=came_with, ended_at=None, user=user).first():
            ending.abandon(came_with)
            return _list_under(session, row, account)
        ending.end_by_key(came_with, reason=Reason.REPLACED, keep=key)
    return None


def _row_left_behind(
    session: SessionBase, user: Any, account: AccountRef | None, mark: Mark
) -> TrackedSession | None:
    """Return the row that the mark names, if this session continues that row's session.

    A key that was rotated outside the middleware is gone from the store. If it is still there,
    this session is a copy and gets a row of its own. Raises EndedError.
    """
    row: TrackedSession | None = all_rows().filter(public_id=mark.row, user=user).first()
    if row is None or row.end_reason in OWN_ENDS:
        return None
    if row.ended_at and row.end_reason not in PASSING:
        raise EndedError
    if row.session_key and row.session_key != session.session_key:
        if engines.current().living([row.session_key]):
            return None
        ending.abandon(row.session_key)
    return _list_under(session, row, account)


def _account_left_behind(user: Any, mark: Mark) -> AccountRef | None:
    """Return the account of the session that this one is a copy of."""
    columns = all_rows().filter(public_id=mark.row, user=user).values("account_id", "account_name")
    found = columns.first()
    return AccountRef(found["account_id"], found["account_name"]) if found else None


def _list_under(
    session: SessionBase, row: TrackedSession, account: AccountRef | None
) -> TrackedSession | None:
    """Open the row under this session's key; return ``None`` if another request was faster.

    Raises EndedError.
    """
    mine = Q(ended_at=None, session_key=row.session_key) | Q(end_reason__in=PASSING)
    changed = _seen_now(session) | _changed_account(row.account_id, account)
    changed |= {"ended_at": None, "end_reason": ""}
    if not all_rows().filter(mine, pk=row.pk).update(**changed):
        if all_rows().filter(pk=row.pk, ended_at__isnull=False).exclude(end_reason__in=PASSING):
            raise EndedError
        return None
    row.expires_at = changed["expires_at"]
    return row


def _replace_key(mark: Mark, changed: dict[str, Any], *, expected: str | None) -> bool:
    """Replace and refuse the key of the open row; return whether the row was open.

    The old key is refused before the row drops it, so a termination in between still ends it.
    """
    user = get_user_model()._meta.pk.to_python(mark.user)
    rows = all_rows().filter(public_id=mark.row, user=user, ended_at=None)
    while True:
        if expected is not None:
            if expected != changed["session_key"]:
                ending.abandon(expected)
            if rows.filter(session_key=expected).update(**changed):
                return True
        expected = rows.values_list("session_key", flat=True).first()
        if expected is None:
            return False


def _refuse(session: SessionBase) -> None:
    ending.refuse(session.session_key)
    session.flush()


def _fitting(
    session: SessionBase, row: TrackedSession, account: AccountRef | None, client: str
) -> Mark:
    throttle.is_due(str(row.public_id), row.last_seen_at)
    return Mark.of(
        session,
        row=str(row.public_id),
        account=row.account_id if account is None else str(account.id),
        client=client,
        expires_at=row.expires_at,
    )


def _renewed(
    session: SessionBase, mark: Mark, account: AccountRef | None, changed: dict[str, Any]
) -> Mark:
    """Return the mark of the same row with the session's new key, account and expiry."""
    return Mark.of(
        session,
        row=mark.row,
        account=mark.account if account is None else str(account.id),
        client=mark.client,
        expires_at=changed["expires_at"],
    )


def _seen_now(session: SessionBase) -> dict[str, Any]:
    """Return the row's columns for a session that is being saved, which renews its expiry."""
    return {
        "session_key": session.session_key,
        "key_digest": engines.digest(session.session_key or ""),
        "last_seen_at": timezone.now(),
        "expires_at": engines.current().expiry_of(session),
    }


def _changed_account(known: str, account: AccountRef | None) -> dict[str, str]:
    """Return the account's columns if it has changed; reading its name may cost a query.

    They stay as they are where the request does not show the account.
    """
    return {} if account is None or known == str(account.id) else account_columns(account)


def all_rows() -> TrackedSessionQuerySet:
    """Return all rows from the database that is written to, since a replica may lag behind."""
    return TrackedSession.objects.using(router.db_for_write(TrackedSession))


def account_columns(account: AccountRef | None) -> dict[str, str]:
    if account is None:
        return {"account_id": "", "account_name": ""}
    return {
        "account_id": str(account.id)[: resolvers.ACCOUNT_ID_LENGTH],
        "account_name": printable(account.name, resolvers.NAME_LENGTH) or str(account.id),
    }
