"""Prepare sessions for the pages: as the rows of the list, and one by one."""

from __future__ import annotations

import re
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
from sessions_admin.client import DeviceKind, Origin
from sessions_admin.listing.filters import TYPED
from sessions_admin.models import TrackedSession
from sessions_admin.moments import Moments, exact
from sessions_admin.policy import Scope
from sessions_admin.views import addresses

# The text fields of each filter, by the name of the filter.
TYPED_FOR = {key: [name] for name, key in TYPED.items()}

# The longest IPv4 address. A longer one may be cut in a narrow column, but not inside a group.
LONGEST_IP = 15
TWO_GROUPS = re.compile(r"[^:]*:[^:]*:")


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

    The texts are escaped. ``name``, ``account``, ``application`` and the country in ``location``
    are links to the sessions that share them, unless that filter is in force. ``moved_to`` and
    ``now_on`` are the current location and device if they differ. What does not apply is empty.
    """

    number: str
    public_id: str
    is_current: bool
    is_elsewhere: bool
    has_chips: bool
    name: str
    email: str
    account: str
    application: str
    ip_address: str
    location: str
    kind: str
    kind_text: str
    device: str
    browser: str
    created: str
    created_exact: str
    created_iso: str
    seen: str
    seen_exact: str
    seen_iso: str
    flags: tuple[RowFlag, ...]
    # Follows "Select", "Terminate" and "View details:" in the names of the row's controls.
    label: str
    detail_url: str
    terminate_url: str

    def __getitem__(self, name: str) -> Any:
        # Templates look for an item first. Without one, each of a page's thousand values would
        # cost an exception.
        return getattr(self, name)


class Texts(dict[str, SafeString]):
    """The texts of a page, each escaped only once."""

    def __missing__(self, text: str) -> SafeString:
        escaped = self[text] = SafeString(escape(text))
        return escaped


class Rows:
    """Makes the rows of one page; what is the same in several rows is made only once."""

    def __init__(self, request: HttpRequest, scope: Scope) -> None:
        self._scope = scope
        self._own = own_ids(request)
        self._texts = Texts()
        self._moments = Moments()
        self._detail = addresses.of_each(request, "detail", relative=True)
        self._terminate = addresses.of_each(request, "terminate")
        self._applications = {each.id: each.name for each in resolvers.applications()}
        self._kinds = {str(value): str(label) for value, label in DeviceKind.choices}
        self._comma = pgettext("between parts of a location", ", ")
        self._arrow = pgettext("moved to", "→")
        self._now = _("now")
        self._unknown_device = _("Unknown device")
        self._unknown_browser = _("Unknown browser")
        self._unknown_address = _("Unknown IP address")
        self._label = _("%(name)s's session, %(device)s, %(location)s")
        self._urls = {
            name: addresses.of_values(request, name, without=TYPED_FOR.get(name, ()))
            for name in ("user", "account", "application", "country", "flag")
        }
        self._in_force = {name: request.GET.get(name, "") for name in self._urls}
        self._links: dict[tuple[str, str, str], SafeString] = {}
        self._locations: dict[tuple[Any, ...], tuple[str, SafeString]] = {}
        self._devices: dict[tuple[str, str], str] = {}

    def of(self, sessions: Iterable[TrackedSession]) -> list[Row]:
        """Return the rows of these sessions, each with a label that no other row has."""
        seen = [shown(self._scope, session) for session in sessions]
        names = [(s.user_name, self._device_label(s), self._location(s)[0]) for s in seen]
        times = Counter(names)
        return [
            self._row(number, session, name, is_alone=times[name] == 1)
            for number, (session, name) in enumerate(zip(seen, names, strict=True), start=1)
        ]

    def _row(
        self,
        number: int,
        session: TrackedSession,
        names: tuple[str, str, str],
        *,
        is_alone: bool,
    ) -> Row:
        name, device_label, location = names
        text = self._texts
        public_id = str(session.public_id)
        created = self._moments.moment(session.created_at)
        last_seen = self._moments.moment(session.last_seen_at, text=session.last_seen_text)
        now = session.now
        email = session.user_email
        application = session.application
        browser = (session.device_now if now else session).browser_text or self._unknown_browser
        is_current = public_id in self._own
        flags = self._flags(session)
        label = self._label % {
            "name": name,
            "device": device_label,
            "location": location if is_alone else f"{location}{self._comma}{created.exact}",
        }
        return Row(
            number=SafeString(number),
            public_id=SafeString(public_id),
            is_current=is_current,
            is_elsewhere=session.is_elsewhere,
            has_chips=is_current or session.is_elsewhere or bool(flags),
            name=self._link("user", str(session.user_id or ""), name),
            email=text[email] if email != name else "",
            account=self._link("account", session.account_id, session.account_name),
            application=self._link(
                "application", application, self._applications.get(application, application)
            ),
            ip_address=self._address(session.ip_address or ""),
            location=self._location(session)[1] + self._moved_to(now, location),
            kind=text[session.device_kind],
            kind_text=text[self._kinds.get(session.device_kind, "")],
            device=text[session.device or self._unknown_device],
            browser=text[browser] + self._now_on(now, device_label),
            created=text[created.text],
            created_exact=text[created.exact],
            created_iso=text[created.iso],
            seen=text[last_seen.text],
            seen_exact=text[last_seen.exact],
            seen_iso=text[last_seen.iso],
            flags=flags,
            label=text[label],
            detail_url=text[self._detail(public_id)],
            terminate_url=text[self._terminate(public_id)],
        )

    def _device_label(self, session: TrackedSession) -> str:
        key = (session.browser, session.device)
        if key not in self._devices:
            self._devices[key] = session.device_label
        return self._devices[key]

    def _location(self, session: TrackedSession) -> tuple[str, SafeString]:
        """Return the location as text, and with the flag of the country and the link to it."""
        key: tuple[Any, ...] = (session.country_code, session.country, session.city)
        if not (session.city or session.country):
            key = (*key, session.ip_address)
        if key not in self._locations:
            country = session.country_name
            words = self._texts[session.location]
            if country:
                before = f"{session.city}{self._comma}" if session.city else ""
                link = self._link("country", session.country_code, country, tag="")
                words = self._texts[before] + link
            self._locations[key] = (session.location, self._flagged(session.country_flag, words))
        return self._locations[key]

    def _flagged(self, country_flag: str, words: SafeString) -> SafeString:
        flag = format_html('<i aria-hidden="true">{}</i>', country_flag) if country_flag else ""
        return SafeString(flag + words)

    def _moved_to(self, now: Origin | None, location: str) -> SafeString:
        if now is None or now.location == location:
            return self._texts[""]
        return self._moved(self._flagged(now.country_flag, self._texts[now.location]))

    def _now_on(self, now: Origin | None, device_label: str) -> SafeString:
        if now is None or now.device_label == device_label:
            return self._texts[""]
        return self._moved(self._texts[now.device_label])

    def _moved(self, to: SafeString) -> SafeString:
        return format_html(
            '<span class="sa-moved"> <span aria-hidden="true">{}</span> {} ({})</span>',
            self._arrow,
            to,
            self._now,
        )

    def _address(self, address: str) -> SafeString:
        """Return the address, of which a narrow column may show only the first groups."""
        if len(address) <= LONGEST_IP:
            return self._texts[address or self._unknown_address]
        words = TWO_GROUPS.sub(r"\g<0><wbr>", escape(address))
        return SafeString(f'<span title="{escape(address)}">{words}</span>')

    def _link(self, name: str, value: str, text: str, tag: str = "b") -> SafeString:
        """Return the text as a link to the sessions with this value, unless only they are shown.

        Without a link, ``tag`` surrounds it.
        """
        key = (name, value, text)
        if key not in self._links:
            words = self._texts[text]
            if text and value and value != self._in_force[name]:
                url = self._texts[self._urls[name](value)]
                words = SafeString(f'<a href="{url}" aria-describedby="sa-o">{words}</a>')
            elif text and tag:
                words = SafeString(f"<{tag}>{words}</{tag}>")
            self._links[key] = words
        return self._links[key]

    def _flags(self, session: TrackedSession) -> tuple[RowFlag, ...]:
        url = self._urls["flag"]
        return tuple(
            RowFlag(flag.id, flag.label, flag.evidence, url(flag.id)) for flag in session.flags
        )


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
    session.is_elsewhere = scope.is_elsewhere(session)
    if session.account_id and not scope.may_name_account(session):
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


def own_label(session: TrackedSession) -> str:
    """Return what a user knows their own device by: the name they gave it, else what it is."""
    return session.device_name or session.device_label


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
