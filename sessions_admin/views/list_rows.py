"""The rows of the list: prepared in Python, a page at a time, so that fifty cost little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from html import escape
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language_bidi, pgettext
from django.utils.translation import gettext as _

from sessions_admin import flags, people, resolvers
from sessions_admin.client import DeviceKind, Origin, countries
from sessions_admin.client.origins import device_labels
from sessions_admin.flags import Raised
from sessions_admin.listing.filters import TYPED, may_be_searched
from sessions_admin.models import TrackedSession
from sessions_admin.moments import Moments
from sessions_admin.policy import Scope
from sessions_admin.views import addresses
from sessions_admin.views.layouts import Layout
from sessions_admin.views.rows import in_groups, own_ids, shown

# The text fields of each filter, by the name of the filter.
TYPED_FOR = {key: [name] for name, key in TYPED.items()}
# The filters that the values of a row lead to, with the text fields that they replace.
FILTERED_BY = {
    name: TYPED_FOR.get(name, [])
    for name in ("q", "user", "account", "application", "country", "flag")
}

# The longest IPv4 address. A longer one may be cut in a narrow column, but not inside a group.
LONGEST_IP = 15
EMPTY = SafeString("")
CURRENT = SafeString(' class="sa-table__current"')


class RowFlag(NamedTuple):
    """A flag of a row: its label, what raised it, and the list of the sessions that have it."""

    id: SafeString
    label: SafeString
    evidence: SafeString
    url: SafeString
    # The number of the row, for the id of the evidence.
    row: SafeString


class Row(NamedTuple):
    """A session as a row of the list: HTML, which the template only lays out.

    ``name``, ``account``, ``application`` and the country in ``location`` are links to the
    sessions that share them, unless that filter is in force. ``location`` and ``browser`` include
    the current ones if they differ. What does not apply is empty.
    """

    number: SafeString
    public_id: SafeString
    # An attribute of the row for the request's own session.
    current: SafeString
    name: SafeString
    email: SafeString
    account: SafeString
    application: SafeString
    ip_address: SafeString
    location: SafeString
    kind: SafeString
    kind_text: SafeString
    device: SafeString
    browser: SafeString
    created: SafeString
    created_exact: SafeString
    created_iso: SafeString
    seen: SafeString
    seen_exact: SafeString
    seen_iso: SafeString
    # "This session", and the flags.
    chips: SafeString
    # Follows "Select", "Terminate" and "View details:" in the names of the row's controls.
    label: SafeString
    detail_url: SafeString
    terminate_url: SafeString


class Texts(dict[str, SafeString]):
    """The texts of a page, each escaped only once."""

    def __missing__(self, text: str) -> SafeString:
        escaped = self[text] = SafeString(escape(text))
        return escaped


class Rows:
    """Makes the rows of one page; what is the same in several rows is made only once.

    That includes the templates: to render them for each of fifty rows would take longer than all
    else.
    """

    def __init__(self, request: HttpRequest, scope: Scope) -> None:
        self._scope = scope
        self._own = own_ids(request)
        self._texts = Texts()
        self._moments = Moments()
        self._idle_since = flags.idle_since()
        detail = addresses.of_each(request, "detail", relative=True)
        self._detail = self._texts[detail("\0")].split("\0")
        self._terminate = self._texts[addresses.of_each(request, "terminate")("\0")].split("\0")
        self._applications = {each.id: str(each.name) for each in resolvers.applications()}
        self._kinds = {str(value): str(label) for value, label in DeviceKind.choices}
        # In a page from right to left, a name in Latin letters is a box, which is cut at its end.
        self._box = "<bdi>{}</bdi>" if get_language_bidi() else "{}"
        self._comma = pgettext("between parts of a location", ", ")
        self._arrow = pgettext("moved to", "→")
        self._now, self._last = _("now"), pgettext("where a session was used", "last")
        self._unknown_device = _("Unknown device")
        self._unknown_browser = _("Unknown browser")
        self._unknown_address = _("Unknown IP address")
        self._label = _("%(name)s's session, %(device)s, %(location)s")
        # What precedes a value in the URL of the sessions that have it.
        self._urls = {
            name: escape(addresses.of_values(request, name, without=without)(""))
            for name, without in FILTERED_BY.items()
        }
        self._in_force = {name: request.GET.get(name, "") for name in self._urls}
        self._links: dict[tuple[str, str, str], SafeString] = {}
        self._locations: dict[tuple[Any, ...], tuple[str, SafeString]] = {}
        self._devices: dict[tuple[str, str], str] = {}
        self._label_of = device_labels()
        self._people: dict[Any, tuple[str, str]] = {}
        self._flag_layout = Layout.of("sessions_admin/list/row_flag.html", flag=RowFlag)
        self._chips_around: dict[tuple[bool, bool, bool], SafeString] = {}

    def of(self, sessions: Iterable[TrackedSession]) -> list[Row]:
        """Return the rows of these sessions, each with a label that no other row has."""
        seen = [(shown(self._scope, s), self._person(s), self._location(s)) for s in sessions]
        names = [(person[0], self._device_label(s), place[0]) for s, person, place in seen]
        times = Counter(names)
        return [
            self._row(number, *facts, name[1], is_alone=times[name] == 1)
            for number, (facts, name) in enumerate(zip(seen, names, strict=True), start=1)
        ]

    @cached_property
    def _no_account(self) -> SafeString:
        return render_to_string("sessions_admin/list/no_account.html")

    def laid_out(
        self, rows: Iterable[Row], template: str = "sessions_admin/list/row.html"
    ) -> SafeString:
        """Return these rows as HTML."""
        layout = Layout.of(template, row=Row)
        return SafeString("".join(map(layout.filled, rows)))

    def time(self, at: datetime) -> SafeString:
        """Return a time as HTML, as the rows show it."""
        moment = self._moments.moment(at)
        return format_html(
            '<time datetime="{}" title="{}">{}</time>', moment.iso, moment.exact, moment.text
        )

    def _row(
        self,
        number: int,
        session: TrackedSession,
        person: tuple[str, str],
        place: tuple[str, SafeString],
        device_label: str,
        *,
        is_alone: bool,
    ) -> Row:
        (name, email), (location, location_html), text = person, place, self._texts
        public_id = str(session.public_id)
        created = self._moments.moment(session.created_at)
        last_seen = self._moments.last_active(session.last_seen_at)
        browser = session.browser_text
        device = session.device
        if now := session.now:
            if session.is_same_device(now):
                browser, device = now.browser_text, now.device
            when = self._last if session.ended_at else self._now
            location_html = SafeString(location_html + self._moved_to(now, location, when))
        browser_html = self._boxed(browser or self._unknown_browser)
        if now and not session.is_same_device(now):
            other = self._moved(self._boxed(now.device_label), when)
            browser_html = SafeString(browser_html + other)
        application = session.application
        is_current = public_id in self._own
        label = self._label % {
            "name": name,
            "device": device_label,
            "location": location if is_alone else f"{location}{self._comma}{created.exact}",
        }
        return Row(
            number=SafeString(number),
            public_id=SafeString(public_id),
            current=CURRENT if is_current else EMPTY,
            name=self._name(session, name),
            email=text[email] if email != name else EMPTY,
            account=self._link("account", session.account_id, session.account_name)
            or self._no_account,
            application=self._link(
                "application", application, self._applications.get(application, application)
            ),
            ip_address=self._address(session.ip_address or ""),
            location=location_html,
            kind=text[session.device_kind],
            kind_text=text[self._kinds.get(session.device_kind, "")],
            device=self._boxed(device or self._unknown_device),
            browser=browser_html,
            created=text[created.text],
            created_exact=text[created.exact],
            created_iso=SafeString(created.iso),
            seen=text[last_seen.text],
            seen_exact=text[last_seen.exact],
            seen_iso=SafeString(last_seen.iso),
            chips=self._chips(session, number, is_current=is_current),
            label=text[label],
            detail_url=SafeString(public_id.join(self._detail)),
            terminate_url=SafeString(public_id.join(self._terminate)),
        )

    def _person(self, session: TrackedSession) -> tuple[str, str]:
        """Return the person's name and email address."""
        key = session.user_id
        if key is None or session.user is None:
            return session.user_label, ""
        if key not in self._people:
            self._people[key] = people.name_and_email(session.user)
        return self._people[key]

    def _name(self, session: TrackedSession, name: str) -> SafeString:
        """Return the name as a link to the user's sessions, or to a search if they were deleted."""
        if session.user_id is None and may_be_searched(name):
            return self._link("q", name, name)
        return self._link("user", str(session.user_id or ""), name)

    def _device_label(self, session: TrackedSession) -> str:
        key = (session.browser, session.device)
        if key not in self._devices:
            self._devices[key] = self._label_of(*key)
        return self._devices[key]

    def _location(self, session: TrackedSession) -> tuple[str, SafeString]:
        """Return the location as text, and with the flag of the country and the link to it."""
        code, city = session.country_code, session.city
        is_known = bool(city or session.country)
        key = (code, session.country, city, None if is_known else session.ip_address)
        if key not in self._locations:
            country = session.country_name if is_known else ""
            if country:
                before = self._before_country(city)
                words = before + self._link("country", code, country, tag="")
                location = f"{city}{self._comma}{country}" if city else country
            else:
                location = session.location
                words = self._texts[location]
            self._locations[key] = (location, self._flagged(countries.flag(code), words))
        return self._locations[key]

    def _boxed(self, text: str) -> SafeString:
        return SafeString(self._box.format(self._texts[text]))

    def _before_country(self, city: str) -> str:
        return f"{self._boxed(city)}{self._texts[self._comma]}" if city else ""

    def _flagged(self, country_flag: str, words: str) -> SafeString:
        flag = f'<i aria-hidden="true">{country_flag}</i>' if country_flag else ""
        return SafeString(flag + words)

    def _moved_to(self, now: Origin, location: str, when: str) -> SafeString:
        if now.location == location:
            return EMPTY
        country = now.country_name if now.city or now.country else ""
        before = self._before_country(now.city) if country else ""
        words = before + self._texts[country or now.location]
        return self._moved(self._flagged(now.country_flag, words), when)

    def _moved(self, to: SafeString, when: str) -> SafeString:
        return format_html(
            '<span class="sa-moved"> <span aria-hidden="true">{}</span> {} ({})</span>',
            self._arrow,
            to,
            when,
        )

    def _address(self, address: str) -> SafeString:
        """Return the address, of which a narrow column may show only the first groups."""
        if len(address) <= LONGEST_IP:
            return self._boxed(address or self._unknown_address)
        return SafeString(f'<code title="{escape(address)}">{in_groups(address)}</code>')

    def _link(self, name: str, value: str, text: str, tag: str = "b") -> SafeString:
        """Return the text as a link to the sessions with this value, unless only they are shown.

        Without a link, ``tag`` surrounds it.
        """
        key = (name, value, text)
        if key not in self._links:
            words: str = self._texts[text]
            if text and value and value != self._in_force[name]:
                link = ('<a href="', self._url(name, value), '" aria-describedby="sa-o">', words)
                words = "".join((*link, "</a>"))
            elif text and tag:
                words = f"<{tag}>{words}</{tag}>"
            self._links[key] = SafeString(words)
        return self._links[key]

    def _url(self, name: str, value: str) -> str:
        """Return the URL, as HTML, of the sessions with this value."""
        # Most values are numbers, which take longer to quote than to recognise.
        is_plain = value.isalnum() and value.isascii()
        return self._urls[name] + (value if is_plain else quote_plus(value))

    def _chips(self, session: TrackedSession, number: int, *, is_current: bool) -> SafeString:
        """Return whose session it is, where that matters, and its flags."""
        raised = flags.raised(session, self._idle_since)
        if not (raised or is_current or session.is_elsewhere):
            return EMPTY
        key = (is_current, session.is_elsewhere, bool(raised))
        if key not in self._chips_around:
            slot = SafeString("\0") if raised else ""
            context = {"is_current": is_current, "is_elsewhere": key[1], "row_flags": slot}
            around = render_to_string("sessions_admin/list/row_chips.html", context)
            self._chips_around[key] = around
        shown_flags = "".join(self._flag(each, number) for each in raised)
        return SafeString(self._chips_around[key].replace("\0", shown_flags))

    def _flag(self, flag: Raised, number: int) -> str:
        text = self._texts
        url = SafeString(self._url("flag", flag.id))
        parts = RowFlag(
            text[flag.id], text[flag.label], text[flag.evidence], url, SafeString(number)
        )
        return self._flag_layout.filled(parts)
