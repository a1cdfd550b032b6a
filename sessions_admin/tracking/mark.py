"""The mark inside a session's own data that names its row.

It follows the session through every rotation of the key and disappears when the session is
flushed, on every engine. While all of it fits the request, the row is up to date and nothing is
asked of the database.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from sessions_admin import engines
from sessions_admin.client import ip_address_of
from sessions_admin.resolvers import AccountRef

MARK = "_sessions_admin"


@dataclass(frozen=True)
class Mark:
    """``row`` is the row's ``public_id``; ``key`` and ``client`` are digests."""

    row: str
    key: str
    user: str
    account: str
    # Of the address and browser of the sign-in.
    client: str = ""

    @classmethod
    def read(cls, session: SessionBase) -> Mark | None:
        stored = session.get(MARK)
        try:
            return cls(**stored) if stored else None
        except TypeError:
            return None

    @classmethod
    def of(cls, session: SessionBase, *, row: str, account: AccountRef | None, client: str) -> Mark:
        """The mark that fits this session now."""
        return cls(
            row=row,
            key=engines.digest(session.session_key or ""),
            user=session[SESSION_KEY],
            account=account.id if account else "",
            client=client,
        )

    def write(self, session: SessionBase) -> None:
        session[MARK] = asdict(self)


def row_of(session: SessionBase) -> str | None:
    """The ``public_id`` of this session's row; ``None`` while it has none."""
    mark = Mark.read(session)
    return mark.row if mark else None


def remove(session: SessionBase) -> None:
    """Make the session one without a row: a new login gets a row of its own."""
    session.pop(MARK, None)


def client_digest(request: HttpRequest) -> str:
    """A digest of the request's address and browser."""
    user_agent = request.META.get("HTTP_USER_AGENT", "")
    return engines.digest(f"{ip_address_of(request)} {user_agent}")[:16]
