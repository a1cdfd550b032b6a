"""Follows logins as requests go by: start, rotate, touch, end.

A small mark inside the session's own data names its row. It follows the session through every
rotation of the key and disappears when the session is flushed, on every engine. As long as the
mark agrees with the request, nothing is asked of the database.

Whatever goes wrong here is logged and never reaches the request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial, wraps
from typing import Any, ParamSpec

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.sessions.backends.base import SessionBase
from django.db import IntegrityError, router, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.functional import LazyObject, empty

from sessions_admin import conf, endings, engines, liveness, resolvers
from sessions_admin.client import (
    ACCEPT_CH,
    Client,
    client_of,
    facts_of,
    ip_address_of,
    noted,
    printable,
)
from sessions_admin.history import signs_of_login, signs_of_move
from sessions_admin.models import TrackedSession
from sessions_admin.resolvers import AccountRef

logger = logging.getLogger(__name__)

Reason = TrackedSession.EndReason

PASSING = TrackedSession.PASSING_REASONS

MARK = "_sessions_admin"
LABEL_LENGTH = 320
P = ParamSpec("P")


@dataclass(frozen=True)
class Mark:
    """What the session's data says of its row; while all of it holds, the row is up to date."""

    row: str
    key: str
    user: str
    account: str
    # A digest of the address and browser of the sign-in; empty in marks from before it was kept.
    client: str = ""

    @classmethod
    def read(cls, session: SessionBase) -> Mark | None:
        stored = session.get(MARK)
        try:
            return cls(**stored) if stored else None
        except TypeError:
            return None

    def write(self, session: SessionBase) -> None:
        session[MARK] = asdict(self)


def _failing_open(
    step: Callable[P, None],
) -> Callable[P, None]:
    @wraps(step)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            step(*args, **kwargs)
        except Exception:
            logger.exception("This session is not tracked for now")

    return guarded


@_failing_open
def admit(request: HttpRequest) -> None:
    """Before the view: turn a session away that was ended and has come back to life."""
    session = getattr(request, "session", None)
    endings.in_flight.set(session)
    key = getattr(session, "session_key", None)
    if session is None or key is None:
        return
    engine = engines.current()
    # What saves every session saves those, too, that nobody has read.
    if not settings.SESSION_SAVE_EVERY_REQUEST and engine.guard(session):
        return
    if engine.is_refused(key):
        # Empty before anything else can fail: refusing is what matters.
        request.session = type(session)()
        endings.in_flight.set(request.session)
        engine.delete_many([key])


@_failing_open
def observe(request: HttpRequest, response: HttpResponseBase, *, key_before: str | None) -> None:
    """After the view: bring the row in step with what the request did to its session.

    ``key_before`` is the session key that the request came with.
    """
    endings.in_flight.set(None)
    session = getattr(request, "session", None)
    if session is None or not session.accessed:
        return
    if SESSION_KEY not in session:
        if getattr(session, "_signed_out", False) and key_before:
            _end(Reason.SIGNED_OUT, key_before)
    elif response.status_code < 500 and _accepted(request):
        # Django does not save the session of an answer of 500 and more, so neither do we look.
        _follow(request, session, key_before)
        if getattr(session, "_user_changed", False):
            _end_if_refused(session)


@_failing_open
def ask_for_hints(request: HttpRequest, response: HttpResponseBase) -> None:
    """Have browsers say more of themselves when they sign in: their system's version, a model.

    Pages before the sign-in ask, since the answer comes with the request after them. Whether a
    session that nobody has looked at is signed in is not looked up for this.
    """
    session = getattr(request, "session", None)
    if session is None or not response.get("Content-Type", "").startswith("text/html"):
        return
    is_stranger = SESSION_KEY not in session if session.accessed else session.session_key is None
    if is_stranger:
        asked = response.get("Accept-CH")
        response["Accept-CH"] = f"{asked}, {ACCEPT_CH}" if asked else ACCEPT_CH


@_failing_open
def follow(request: HttpRequest) -> None:
    """Within a view that reads rows: bring the request's own row in step before the answer does.

    Django may have rotated the key while it looked up the user, and a session from before the
    app was installed has no row yet.
    """
    if SESSION_KEY in request.session:
        _follow(request, request.session, getattr(request, "session_key_before", None))


def row_of(session: SessionBase) -> str | None:
    """The ``public_id`` of this session's row; ``None`` while it has none."""
    mark = Mark.read(session)
    return mark.row if mark else None


def label_of(user: Any) -> str:
    """Name and address of a person, to outlive their user record."""
    name, username = resolvers.person_name(user), resolvers.username(user)
    return printable(name if name == username else f"{name} ({username})", LABEL_LENGTH)


def connect() -> None:
    user_logged_in.connect(_on_signed_in, dispatch_uid="sessions_admin.tracking")
    user_logged_out.connect(_on_signed_out, dispatch_uid="sessions_admin.tracking")


@_failing_open
def _on_signed_in(request: HttpRequest | None = None, **kwargs: Any) -> None:
    """A new login is a new row, even where it goes on in the same session.

    And it has a new key (ASVS 7.2.4), which Django does not give to somebody who signs in again
    as the same person.
    """
    session = getattr(request, "session", None)
    if session is None:
        return
    session.pop(MARK, None)
    key = session.session_key
    if key is not None and key == getattr(request, "session_key_before", None):
        session.cycle_key()


def _on_signed_out(request: HttpRequest | None = None, **kwargs: Any) -> None:
    session = getattr(request, "session", None)
    if session is not None:
        session._signed_out = True


def _accepted(request: HttpRequest) -> bool:
    """Whether the request is answered as signed in, as far as anybody has asked.

    A user that nothing has looked at yet stays unasked: that would be a query.
    """
    user: Any = getattr(request, "user", None)
    if isinstance(user, LazyObject) and user.__dict__["_wrapped"] is empty:
        user = getattr(request, "_acached_user", None)
    return user is None or bool(user.is_authenticated)


def _follow(request: HttpRequest, session: SessionBase, key_before: str | None) -> None:
    mark = Mark.read(session)
    if mark is None or mark.user != session[SESSION_KEY]:
        _start(request, session, key_before)
        return
    account = resolvers.account_of(request)
    facts = _facts(mark.row, session, account, mark.client)
    is_elsewhere = _client_digest(request) != mark.client
    if facts != mark:
        _rotate(request, session, facts, account, key_before)
    elif not is_elsewhere:
        _touch(request, session, mark)
    if is_elsewhere and SESSION_KEY in session:
        _touch_from_elsewhere(request, session, mark)


def _facts(row: str, session: SessionBase, account: AccountRef | None, client: str) -> Mark:
    return Mark(
        row=row,
        key=engines.digest(session.session_key or ""),
        user=session[SESSION_KEY],
        account=account.id if account else "",
        client=client,
    )


def _client_digest(request: HttpRequest) -> str:
    user_agent = request.META.get("HTTP_USER_AGENT", "")
    return engines.digest(f"{ip_address_of(request)} {user_agent}")[:16]


def _start(request: HttpRequest, session: SessionBase, key_before: str | None) -> None:
    """Write the row of a login that has none, and put its mark into the session."""
    user: Any = request.user
    if not user.is_authenticated or session[SESSION_KEY] != user._meta.pk.value_to_string(user):
        return
    if session.session_key is None:
        # One person signed in over another: Django would make the key only after this.
        session.create()
    if key_before:
        _end(Reason.REPLACED, key_before, keep=session.session_key)
    account = resolvers.account_of(request)
    row = _insert(request, session, user, account)
    _due.now(str(row.public_id), row.last_seen_at, saved=True)
    _facts(str(row.public_id), session, account, _client_digest(request)).write(session)


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
        **_account_fields(account),
        application=resolvers.application_of(request).id,
        is_forwarded=client.is_forwarded,
        created_at=now,
        last_seen_at=now,
        expires_at=engines.current().expiry_of(session),
        **facts,
        **_signs(partial(signs_of_login, user, facts, now)),
    )
    try:
        row.save(force_insert=True)
    except IntegrityError:
        # Two requests of one untracked session at once: the other one wrote the row.
        return TrackedSession.objects.get(session_key=session.session_key)
    return row


def _signs(told: Callable[[], dict[str, bool]]) -> dict[str, bool]:
    """The signs, where they can be told: a login without them is better than none."""
    try:
        return told()
    except Exception:
        logger.exception("Whether this session is worth a look could not be told")
        return {}


def _rotate(
    request: HttpRequest,
    session: SessionBase,
    facts: Mark,
    account: AccountRef | None,
    key_before: str | None,
) -> None:
    """The key or the account has changed: the same login under its new facts.

    The keys it had before are ended for good: a late save could bring them back, and of two
    requests that rotate at once each makes a key of its own. The last one to come here stays.
    """
    changed = _seen_now(session)
    old = Mark.read(session)
    if old is None or old.account != facts.account:
        changed |= _account_fields(account)
    replaced = _replace_key(facts.row, changed, expected=key_before)
    if replaced or _recover(request, session, facts.row):
        facts.write(session)


def _replace_key(row_id: str, changed: dict[str, Any], *, expected: str | None) -> bool:
    """Give the open row its new key, and end whatever key it has; says whether it was open.

    A key is ended before the row lets go of it: until then Terminate would still end it, too.
    """
    rows = TrackedSession.objects.filter(public_id=row_id, ended_at=None)
    while True:
        if expected is not None:
            if expected != changed["session_key"]:
                _abandon(expected)
            if rows.filter(session_key=expected).update(**changed):
                return True
        expected = rows.values_list("session_key", flat=True).first()
        if expected is None:
            return False


def _touch(request: HttpRequest, session: SessionBase, mark: Mark) -> None:
    """Note the activity in our own row, at most once an interval.

    Saving the session instead would extend its life.
    """
    saved = _is_saved(session)
    now = timezone.now()
    if not _due.now(mark.row, now, saved=saved):
        return
    interval = timedelta(seconds=conf.current().activity_interval)
    stale = Q(last_seen_at__lte=now - interval) | Q(last_seen_at__gt=now + interval)
    changed: dict[str, Any] = {"last_seen_at": now}
    if saved:
        expires = engines.current().expiry_of(session)
        changed["expires_at"] = expires
        stale |= Q(expires_at__lt=expires - interval) | Q(expires_at__gt=expires + interval)
    row = TrackedSession.objects.filter(public_id=mark.row, ended_at=None)
    if not row.filter(stale).update(**changed) and not row.exists():
        _recover(request, session, mark.row)


def _touch_from_elsewhere(request: HttpRequest, session: SessionBase, mark: Mark) -> None:
    """The same, with the address or browser that the session has moved to.

    It has an interval of its own: a move shows at once, and moving to and fro costs no more.
    """
    now, saved = timezone.now(), _is_saved(session)
    if not _due.now(f"{mark.row} elsewhere", now, saved=saved):
        return
    client = client_of(request)
    expires = engines.current().expiry_of(session) if saved else None
    with transaction.atomic(using=router.db_for_write(TrackedSession)):
        rows = TrackedSession.objects.select_for_update()
        row = rows.filter(public_id=mark.row, ended_at=None).first()
        if row and not row.is_from(client):
            if not _is_noted(row, client, now, expires or row.expires_at):
                _note(row, client, now, expires or row.expires_at)
            return
    # It is where it signed in (a mark may not know), or its row is not open.
    _touch(request, session, mark)


def _is_noted(row: TrackedSession, client: Client, now: datetime, expires: datetime) -> bool:
    """Whether another process has written lately that the session is there now."""
    interval = timedelta(seconds=conf.current().activity_interval)
    is_there = row.now is not None and row.now.is_from(client)
    lags = (now - row.last_seen_at, expires - row.expires_at)
    return is_there and all(abs(lag) < interval for lag in lags)


def _note(row: TrackedSession, client: Client, now: datetime, expires: datetime) -> None:
    sightings = noted(row.sightings, client, now)
    raised = _signs(partial(signs_of_move, row, sightings[0], now))
    for column in raised:
        setattr(row, column, True)
    row.last_seen_at, row.sightings, row.expires_at = now, sightings, expires
    row.save(update_fields=["last_seen_at", "sightings", "expires_at", *raised])


def _recover(request: HttpRequest, session: SessionBase, row_id: str) -> bool:
    """A living session whose row is not open: list it again, or refuse it.

    Says whether the row is open now.
    """
    row = TrackedSession.objects.filter(public_id=row_id).first()
    if row is None:
        _start(request, session, None)
        return False
    if row.ended_at and row.end_reason not in PASSING:
        _refuse(session.session_key)
        session.flush()
        return False
    mistaken = TrackedSession.objects.filter(
        Q(ended_at=None) | Q(end_reason__in=PASSING), pk=row.pk
    )
    return bool(mistaken.update(**_seen_now(session), ended_at=None, end_reason=""))


def _is_saved(session: SessionBase) -> bool:
    return bool(session.modified or settings.SESSION_SAVE_EVERY_REQUEST)


def _seen_now(session: SessionBase) -> dict[str, Any]:
    """What the row of a session says that is being saved: saving gives it a new expiry."""
    return {
        "session_key": session.session_key,
        "key_digest": engines.digest(session.session_key or ""),
        "last_seen_at": timezone.now(),
        "expires_at": engines.current().expiry_of(session),
    }


def _end(reason: str, key: str, *, keep: str | None = None) -> None:
    """End the row of a session key. ``keep`` is a key that lives on under a new row."""
    if key != keep:
        _refuse(key)
    TrackedSession.objects.filter(session_key=key, ended_at=None).update(
        ended_at=timezone.now(), end_reason=reason, session_key=None
    )


def _end_if_refused(session: SessionBase) -> None:
    """This request changed its own user; Django may no longer accept the session it came with."""
    user = get_user_model()._base_manager.filter(pk=session[SESSION_KEY]).first()
    verdict = liveness.verdict_of_data(dict(session.items()), user)
    if verdict and session.session_key:
        _end(verdict, session.session_key)
        session.flush()


def _abandon(key: str) -> None:
    """End a session whose login goes on under another key."""
    engine = engines.current()
    engine.refuse([key])
    engine.delete_many([key])


def _refuse(key: str | None) -> None:
    if key:
        engines.current().refuse([key])


def _account_fields(account: AccountRef | None) -> dict[str, str]:
    if account is None:
        return {"account_id": "", "account_name": ""}
    return {
        "account_id": str(account.id)[: resolvers.ACCOUNT_ID_LENGTH],
        "account_name": printable(account.name, resolvers.NAME_LENGTH) or str(account.id),
    }


class _Due:
    """Remembers, in this process, which rows were written to lately.

    Only a hint that saves statements: the statement itself asks whether it is due.
    """

    LIMIT = 100_000

    def __init__(self) -> None:
        self._next: dict[tuple[str, bool], datetime] = {}

    def now(self, row: str, now: datetime, *, saved: bool) -> bool:
        later = now + timedelta(seconds=conf.current().activity_interval)
        # What is due later than that was noted before the clock was set back.
        if now < self._next.get((row, saved), now) <= later:
            return False
        if len(self._next) >= self.LIMIT:
            self._next.clear()
        self._next[row, saved] = later
        if saved:
            self._next[row, False] = later
        return True

    def clear(self) -> None:
        self._next.clear()


_due = _Due()
