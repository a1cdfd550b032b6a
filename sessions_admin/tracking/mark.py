"""The mark in a session's data, which names the row of the session.

On every engine it survives a rotation of the session key and disappears when the session is
flushed. While the mark fits the request, the row is up to date and needs no query.

Projects copy sessions and write into them, so a mark is verified: its ``key`` is a digest of the
session key, the row and the user.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.http import HttpRequest

from sessions_admin import engines
from sessions_admin.client import ip_address_of
from sessions_admin.moments import from_unix

MARK = "_sessions_admin"
# In place of the digest of a client, for a login that was not made by a request.
NO_CLIENT = "none yet"
UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# The Unix time of the last second that ``datetime`` can represent.
LAST_SECOND = 253_402_300_799


@dataclass(frozen=True)
class Mark:
    """The mark of a session: ``row`` is a ``public_id``; ``key`` and ``client`` are digests."""

    row: str
    key: str
    user: str
    account: str
    # The digest of the address and browser at sign-in.
    client: str = ""
    # The expiry last written to the row, as Unix time; 0 if unknown.
    expires: int = 0

    @classmethod
    def read(cls, session: SessionBase | Mapping[str, Any]) -> Mark | None:
        """Return the mark in a session or its data; ``None`` if malformed or another user's."""
        stored = session.get(MARK)
        if not isinstance(stored, Mapping):
            return None
        try:
            mark = cls(**{name: stored[name] for name in NAMES if name in stored})
        except TypeError:
            return None
        return mark if mark._is_well_formed() and mark.user == session.get(SESSION_KEY) else None

    @classmethod
    def of(
        cls,
        session: SessionBase,
        *,
        row: str,
        account: str,
        client: str,
        expires_at: datetime | None = None,
    ) -> Mark:
        """Create the mark that fits this session now."""
        return cls(
            row=row,
            key=binding(session.session_key, row, session[SESSION_KEY]),
            user=session[SESSION_KEY],
            account=account,
            client=client,
            expires=int(expires_at.timestamp()) if expires_at else 0,
        )

    def names(self, session_key: str | None) -> bool:
        """Whether the mark was written for the session with this key."""
        return session_key is not None and self.key == binding(session_key, self.row, self.user)

    @property
    def expires_at(self) -> datetime | None:
        return from_unix(self.expires) if self.expires else None

    def write(self, session: SessionBase) -> None:
        session[MARK] = dict(vars(self))

    def _is_well_formed(self) -> bool:
        texts: tuple[object, ...] = (self.row, self.key, self.user, self.account, self.client)
        return (
            all(isinstance(text, str) for text in texts)
            and UUID_FORM.fullmatch(self.row) is not None
            and type(self.expires) is int
            and 0 <= self.expires <= LAST_SECOND
        )


NAMES = tuple(field.name for field in fields(Mark))


def binding(session_key: str | None, row: str, user: str) -> str:
    """Return the digest that binds a mark to one session, one row and one user."""
    return engines.digest(f"{session_key} {row} {user}")


def key_presented(request: HttpRequest) -> str | None:
    """Return the session key that the request was sent with.

    Another middleware may have loaded the session. It then has no key if it is gone, or a new one
    if the key was rotated, so the cookie is read.
    """
    session = getattr(request, "session", None)
    key: str | None = getattr(session, "session_key", None)
    if session is not None and engines.is_loaded(session):
        return request.COOKIES.get(settings.SESSION_COOKIE_NAME) or key
    return key


def row_of(session: SessionBase) -> str | None:
    """Return the ``public_id`` of this session's row, or ``None`` if it has none."""
    mark = Mark.read(session)
    return mark.row if mark and mark.names(session.session_key) else None


def remove(session: SessionBase) -> None:
    """Remove the mark, so that a new login gets a row of its own."""
    session.pop(MARK, None)


def is_saved(session: SessionBase) -> bool:
    """Whether Django saves this session with the response."""
    return bool(session.modified or settings.SESSION_SAVE_EVERY_REQUEST)


def as_stored(session: SessionBase) -> SessionBase | None:
    """Return the session as the store will have it after the request, or ``None`` if it is gone.

    A session that Django will not save is read again: saving the data that this request read
    earlier could overwrite what another request has saved since.
    """
    engine = engines.current()
    key = session.session_key or ""
    if engine.is_refused(key):
        return None
    if is_saved(session):
        return session if engine.living([key]) else None
    stored = engine.store(key)
    is_same = stored.get(SESSION_KEY) == session.get(SESSION_KEY)
    # Without a key it was deleted while it was read.
    return stored if is_same and stored.session_key else None


def keep(mark: Mark, stored: SessionBase, session: SessionBase) -> None:
    """Put the mark into the session, and save the session if Django will not.

    Django responds with an error if a session to be saved was deleted by another request. A
    request without changes to its session must not fail because of the mark.
    """
    mark.write(stored)
    if stored is not session:
        try:
            stored.save()
        except UpdateError:
            return
        # Set directly, so that the session does not count as modified.
        session._session[MARK] = dict(vars(mark))  # type: ignore[attr-defined]


def client_digest(request: HttpRequest) -> str:
    """Return a digest of the request's address and user agent."""
    user_agent = request.META.get("HTTP_USER_AGENT", "")
    return engines.digest(f"{ip_address_of(request)} {user_agent}")[:16]
