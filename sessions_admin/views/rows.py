"""Prepare sessions for the pages: as the rows of the list, and one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext as _

from sessions_admin import liveness, resolvers, tracking
from sessions_admin.client import DeviceKind
from sessions_admin.listing.filters import TYPED
from sessions_admin.models import TrackedSession
from sessions_admin.moments import Moment, Moments, exact
from sessions_admin.policy import Scope
from sessions_admin.views import addresses

# The text fields of each filter, by the name of the filter.
TYPED_FOR = {key: [name] for name, key in TYPED.items()}

# A longer IPv6 address may be cut in a narrow column, but never inside a group.
LONGEST_IP = 21


@dataclass(frozen=True, slots=True)
class RowFlag:
    """A flag of a row: its label, what raised it, and the list of the sessions that have it."""

    id: str
    label: str
    evidence: str
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """A session as a row of the list. The template only lays this out.

    ``name``, ``account``, ``application`` and ``country`` are links to the sessions that share
    them, or only text where that filter is in force. What does not apply is empty.
    """

    public_id: str
    is_current: bool
    is_elsewhere: bool
    has_chips: bool
    name: str
    email: str
    account: str
    application: str
    ip_address: str
    # The whole address where the column may show only its beginning.
    ip_title: str
    country_flag: str
    # The city with the comma that follows it, or the whole text where there is no country.
    location: str
    country: str
    moved_flag: str
    moved_to: str
    kind: str
    kind_text: str
    device: str
    browser: str
    now_on: str
    created: Moment
    seen: Moment
    flags: tuple[RowFlag, ...]
    # Follows "Select", "Terminate" and "View details:" in the names of the row's controls.
    label: str
    detail_url: str
    terminate_url: str


class Rows:
    """Makes the rows of one page; what is the same in every row is made only once."""

    def __init__(self, request: HttpRequest, scope: Scope) -> None:
        self._scope = scope
        self._own = own_ids(request)
        self._moments = Moments()
        self._detail = addresses.of_each(request, "detail", relative=True)
        self._terminate = addresses.of_each(request, "terminate")
        self._applications = {each.id: each.name for each in resolvers.applications()}
        self._kinds = {str(value): str(label) for value, label in DeviceKind.choices}
        self._comma = pgettext("between parts of a location", ", ")
        self._unknown_device = _("Unknown device")
        self._unknown_browser = _("Unknown browser")
        self._unknown_address = _("Unknown IP address")
        self._label = _("%(name)s's session, %(device)s, %(location)s")
        self._links = {
            name: addresses.of_values(request, name, without=TYPED_FOR.get(name, ()))
            for name in ("user", "account", "application", "country", "flag")
        }
        self._in_force = {name: request.GET.get(name, "") for name in self._links}

    def of(self, sessions: Iterable[TrackedSession]) -> list[Row]:
        """Return the rows of these sessions, each with a label that no other row has."""
        seen = [shown(self._scope, session) for session in sessions]
        names = [(s.user_name, s.device_label, s.location) for s in seen]
        times = Counter(names)
        return [
            self._row(session, name, is_alone=times[name] == 1)
            for session, name in zip(seen, names, strict=True)
        ]

    def _row(self, session: TrackedSession, names: tuple[str, str, str], *, is_alone: bool) -> Row:
        name, device_label, location = names
        public_id = str(session.public_id)
        created = self._moments.moment(session.created_at)
        now = session.now
        moved = now if now and now.location != location else None
        country = session.country_name
        email = session.user_email
        address = session.ip_address or ""
        is_current = public_id in self._own
        flags = self._flags(session)
        words = {
            "name": name,
            "device": device_label,
            "location": location if is_alone else f"{location}{self._comma}{created.exact}",
        }
        return Row(
            public_id=public_id,
            is_current=is_current,
            is_elsewhere=session.is_elsewhere,
            has_chips=is_current or session.is_elsewhere or bool(flags),
            name=self._link("user", str(session.user_id or ""), name),
            email="" if email == name else email,
            account=self._link("account", session.account_id, session.account_name),
            application=self._link(
                "application",
                session.application,
                self._applications.get(session.application, session.application),
            ),
            ip_address=_divided(address) or self._unknown_address,
            ip_title=address if len(address) > LONGEST_IP else "",
            country_flag=session.country_flag,
            location=self._before_country(session.city) if country else location,
            country=self._link("country", session.country_code, country, tag=""),
            moved_flag=moved.country_flag if moved else "",
            moved_to=moved.location if moved else "",
            kind=session.device_kind,
            kind_text=self._kinds.get(session.device_kind, ""),
            device=session.device or self._unknown_device,
            browser=(session.device_now if now else session).browser_text or self._unknown_browser,
            now_on=now.device_label if now and now.device_label != device_label else "",
            created=created,
            seen=self._moments.moment(session.last_seen_at, text=session.last_seen_text),
            flags=flags,
            label=self._label % words,
            detail_url=self._detail(public_id),
            terminate_url=self._terminate(public_id),
        )

    def _before_country(self, city: str) -> str:
        return f"{city}{self._comma}" if city else ""

    def _link(self, name: str, value: str, text: str, tag: str = "b") -> str:
        """Return the text as a link to the sessions with this value, unless only they are shown.

        Without a link, ``tag`` surrounds it.
        """
        if not text:
            return ""
        if not value or value == self._in_force[name]:
            return SafeString(f"<{tag}>{escape(text)}</{tag}>" if tag else escape(text))
        url = escape(self._links[name](value))
        return SafeString(f'<a href="{url}" aria-describedby="sa-o">{escape(text)}</a>')

    def _flags(self, session: TrackedSession) -> tuple[RowFlag, ...]:
        link = self._links["flag"]
        return tuple(
            RowFlag(flag.id, str(flag.label), flag.why(), link(flag.id)) for flag in session.flags
        )


def _divided(address: str) -> str:
    """Return a long address with a chance to wrap after one of its groups."""
    if len(address) <= LONGEST_IP:
        return address
    end = address.rfind(":", 0, LONGEST_IP) + 1
    return format_html("{}<wbr>{}", address[:end], address[end:])


def row(request: HttpRequest, scope: Scope, session: TrackedSession) -> dict[str, Any]:
    """Return the template context of one session, with the links of its pages."""
    public_id = str(session.public_id)
    return {
        "session": shown(scope, session),
        "is_current": is_current(request, session),
        "detail_url": addresses.of_each(request, "detail")(public_id),
        "terminate_url": addresses.of_each(request, "terminate")(public_id),
    }


def shown(scope: Scope, session: TrackedSession) -> TrackedSession:
    """Return the session as this scope may see it, without the name of another account."""
    if scope.is_elsewhere(session):
        session.is_elsewhere = True
        if session.account_id:
            session.account_id, session.account_name = "", gettext("Another account")
    return session


def distinguished(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to each row of *Your sessions* the location for its labels, and return the rows.

    If several rows would have the same label, it includes the time of the sign-in.
    """
    names = [(s.user_name, s.device_label, s.location) for s in (row["session"] for row in rows)]
    times = Counter(names)
    for row, name in zip(rows, names, strict=True):
        parts = [name[-1]] if times[name] == 1 else [name[-1], exact(row["session"].created_at)]
        row["location"] = pgettext("between parts of a location", ", ").join(parts)
    return rows


def living(request: HttpRequest, sessions: list[TrackedSession]) -> list[TrackedSession]:
    """Return the active ones; none, with a message, if the store does not answer."""
    try:
        return liveness.signed_in(sessions)
    except liveness.StoreUnavailableError:
        say_store_is_away(request)
        return []


def say_store_is_away(request: HttpRequest) -> None:
    text = _("We can't reach the session store right now. Try again in a minute.")
    messages.error(request, text, fail_silently=True)


def own_ids(request: HttpRequest) -> list[str]:
    """Return the ``public_id`` of the request's own session, if it has a row, in a list."""
    own = tracking.row_of(request.session)
    return [own] if own else []


def is_current(request: HttpRequest, session: TrackedSession) -> bool:
    """Whether this is the request's own session."""
    return str(session.public_id) in own_ids(request)
