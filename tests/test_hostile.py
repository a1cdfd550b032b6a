"""Hostile input: whatever is sent to whichever address, and whatever names people give themselves.

The fuzzing walks every address of the site, as it is served in production, with what hypothesis
makes up for the method, path, query, headers, cookies and body. Each answer has a status of its
own choosing (no 5xx), tells nothing of another account, and breaks no step of the tracker, which
would hide the session of whoever found out how.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Membership, User
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.project.requests import Utf8WSGIHandler

from .browsing import LIST, WINDOWS, Browser
from .factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

SECRET = "zebrasecret"
CSRF_TOKEN = "c" * 32
ROLES = ("nobody", "member", "admin")

fuzzed = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def routes(resolver: URLResolver | None = None, before: str = "/") -> Iterator[str]:
    """Every route of the site but those of Django's own admin."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if route.startswith("/admin/"):
            continue
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route


# --- What is sent ---------------------------------------------------------------------------------

# What has broken parsers, databases, templates and terminals before.
NASTY = [
    "",
    "0",
    "-1",
    "9" * 400,
    "1e999",
    "NaN",
    "\0",
    "a\0b",
    "\r\nSet-Cookie: a=b",
    "\u202eexe.nimda",
    "\u2028",
    "\ud800",
    "\U0010ffff",
    "İ" * 100,
    "١٢",
    "%",
    "%s%n%(x)s",
    "{0.__class__}",
    "{{ settings.SECRET_KEY }}",
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "\\",
    "_%_%_%",
    "a " * 5000,
    "Ω" * 10_000,
    "//evil.example",
    "javascript:alert(1)",
    "MjAyNi0wMS0wMVQwMDowMDowMCwx",  # A cursor without a time zone.
    "OTk5OS0xMi0zMVQyMzo1OTo1OS0yMzowMCwx",  # One after the end of time.
    "MDAwMS0wMS0wMVQwMDowMDowMCswMDowMCwx",  # One at the beginning of it.
    "MDAwMS0wMS0wMVQwMDowMDowMCsyMzowMCwx",  # And one before.
]
NAMES = [
    *("q", "account", "user", "application", "after", "before", "next", "reason", "keep_current"),
    *("username", "password", "email", "new_password1", "new_password2", "old_password"),
    *("csrfmiddlewaretoken", "public_id", "sort", "page", "sessions", "\0", "q[]", "é"),
]
METHODS = ["GET", "POST"]
ODD_METHODS = [
    *("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"),
    *("get", "X" * 300, "Ü", ""),
]
CONTENT_TYPES = [
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-16",
    "application/x-www-form-urlencoded; charset=utf-7",
    "application/x-www-form-urlencoded; charset=nonsense",
    "application/x-www-form-urlencoded; charset=rot13",
    "multipart/form-data; boundary=b; charset=idna",
    "multipart/form-data; boundary=b",
    "multipart/form-data; boundary=",
    "multipart/form-data",
    "multipart/form-data; boundary=" + "b" * 500,
    "application/json",
    "application/json; charset=utf-16",
    "application/json; charset=nonsense",
    "text/plain",
    "\xff\xfe",
    "",
]
HEADERS = {
    "HTTP_USER_AGENT": None,
    "HTTP_REFERER": None,
    "HTTP_ACCEPT": ["*/*", "text/html", "application/json", ";q=x"],
    "HTTP_ACCEPT_LANGUAGE": ["ar", "de;q=9", "x" * 600, "en,,;"],
    "HTTP_ACCEPT_ENCODING": ["gzip", "br;q=,"],
    "HTTP_COOKIE": None,
    "HTTP_HOST": ["testserver", "localhost", "evil.example", "[::1", "testserver:99999", "a b"],
    "HTTP_ORIGIN": ["null", "https://evil.example", "http://[::1"],
    "HTTP_X_FORWARDED_FOR": ["192.0.2.1", "unknown, ,", '"[::1]:80", 1', "1" * 9000],
    "HTTP_FORWARDED": ['for="[2001:db8::1]:4711"', "for=;by=", "for=" + "a" * 9000],
    "HTTP_X_FORWARDED_PROTO": ["https", "\0"],
    "HTTP_X_CSRFTOKEN": None,
    "HTTP_X_REQUESTED_WITH": ["XMLHttpRequest"],
    "HTTP_HX_REQUEST": ["true"],
    "HTTP_HX_CURRENT_URL": ["http://[::1", "%zz"],
    "HTTP_SEC_FETCH_MODE": ["navigate", "cors", "\xff"],
    "HTTP_SEC_PURPOSE": ["prefetch;prerender"],
    "HTTP_SEC_CH_UA": ['"A";v="1', "(" * 500, "\xff"],
    "HTTP_SEC_CH_UA_MOBILE": ["?1", "?2", "1"],
    "HTTP_SEC_CH_UA_MODEL": ['"<b>"', '"' + "x" * 5000 + '"'],
    "HTTP_SEC_CH_UA_PLATFORM": ['"Windows"', '"\\"'],
    "HTTP_SEC_CH_UA_PLATFORM_VERSION": ['"13.0.0"', '"99999999999999999999.1"', '"1..2"'],
    "HTTP_AUTHORIZATION": ["Basic !!!!", "Bearer"],
    "HTTP_RANGE": ["bytes=0-0", "bytes=9-"],
    "HTTP_IF_MODIFIED_SINCE": ["yesterday"],
    "HTTP_IF_NONE_MATCH": ['"x'],
    "HTTP_X_HTTP_METHOD_OVERRIDE": ["DELETE"],
    "REMOTE_ADDR": ["", "unix:", "::1%eth0", "::ffff:192.0.2.1", "999.1.1.1", "\0"],
    "CONTENT_LENGTH": ["", "0", "9999999999"],
}
COOKIES = ("sessionid", "csrftoken", "messages", "sessions_admin_ended", "a=b", "\xe9")

texts = st.sampled_from(NASTY) | st.text(max_size=40)
raw_texts = st.sampled_from(
    [t.encode(errors="replace").decode("latin-1") for t in NASTY]
) | st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60)


def pairs(values: Any) -> Any:
    return st.lists(st.tuples(st.sampled_from(NAMES) | texts, values), max_size=5)


queries = st.one_of(
    pairs(texts).map(lambda found: urlencode(found, errors="surrogatepass")),
    raw_texts,
    st.sampled_from(
        [
            "&".join(f"p{n}=1" for n in range(1500)),
            "q=" + "%00",
            "q=%ff%fe%zz",
            "q=" + "a" * 20_000,
            "&&&==;;",
        ]
    ),
)
bodies = st.one_of(
    pairs(texts).map(lambda found: urlencode(found, errors="surrogatepass").encode()),
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"{",
            b"[" * 20_000,
            b'{"email": "\\ud800", "password": "\\u0000"}',
            b'{"email": ["a"], "password": {}}',
            b'{"email": 1e999, "password": ' + b"9" * 9000 + b"}",
            '{"email": "a", "password": "b"}'.encode("utf-16"),
            b'--b\r\nContent-Disposition: form-data; name="reason"\r\n\r\n\xff\0\r\n--b--',
            b'--b\r\nContent-Disposition: form-data; name="q"; filename="../x\0"\r\n\r\nx\r\n--b--',
            b"--b\r\nContent-Disposition: form-data\r\n\r\n--b",
            b'--b\r\nContent-Disposition: form-data; name="q"\r\n'
            b"Content-Transfer-Encoding: base64\r\n\r\n!!\r\n--b--",
            b"&".join(b"p%d=1" % n for n in range(1500)),
            b"reason=" + b"%f0%9f" * 3000,
            b"x" * 3_000_000,
        ]
    ),
)


@st.composite
def header_sets(draw: Any) -> dict[str, str]:
    names = draw(st.lists(st.sampled_from(sorted(HEADERS)), max_size=4, unique=True))
    return {n: draw(st.sampled_from(HEADERS[n]) if HEADERS[n] else raw_texts) for n in names}


methods = st.one_of(*[st.sampled_from(METHODS)] * 3, st.sampled_from(ODD_METHODS))
cookie_sets = st.dictionaries(st.sampled_from(COOKIES), raw_texts, max_size=2)


@st.composite
def sent(draw: Any) -> Sent:
    return Sent(
        method=draw(methods),
        route=draw(st.sampled_from(sorted(routes()))),
        part=draw(st.integers(0, 5)),
        text=draw(texts),
        query=draw(queries),
        body=draw(bodies),
        content_type=draw(st.sampled_from(CONTENT_TYPES)),
        headers=draw(header_sets()),
        cookies=draw(cookie_sets),
    )


@dataclass(frozen=True)
class Sent:
    """One request. ``part`` and ``text`` fill what the route leaves open."""

    method: str
    route: str
    part: int = 0
    text: str = ""
    query: str = ""
    body: bytes = b""
    content_type: str = "application/x-www-form-urlencoded"
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def address(self, ids: list[str]) -> str:
        """The route with ids that are one's own, somebody else's, nobody's or none at all."""
        known = [*ids, str(uuid.UUID(int=0)), quote(self.text, errors="surrogatepass")]
        return re.sub(r"<[^>]+>", lambda _: known[self.part % len(known)], self.route)


# --- Who sends it ---------------------------------------------------------------------------------


@dataclass
class World:
    """Acme, whose people send the requests, and Zebra, of which they may learn nothing."""

    member: Any
    admin: Any
    nobody: Any = field(default_factory=AnonymousUser)
    zebra_ids: list[str] = field(default_factory=list)
    site: Any = field(default_factory=Utf8WSGIHandler)

    def browser(self, role: str) -> Browser:
        browser = Browser()
        if role != "nobody":
            browser.force_login(getattr(self, role))
        return browser

    def ids(self) -> list[str]:
        """A session and a receipt of each account."""
        own = TrackedSession.objects.filter(user=self.member, ended_at=None).first()
        return [str(own.public_id) if own else str(uuid.UUID(int=1)), *self.zebra_ids]


@contextmanager
def open_connections() -> Iterator[None]:
    """Keep the connection that the test's transaction is in, as Django's own test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@pytest.fixture
def world(settings: Any) -> World:
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["testserver", "localhost"]
    admin = MembershipFactory(
        user__name="Ada Admin", account__name="Acme", role=Membership.Role.ADMIN
    )
    member = MembershipFactory(user__name="Mia Member", account=admin.account)
    zebra = MembershipFactory(
        user__name=f"Zoe {SECRET}",
        user__email=f"{SECRET}@zebra.example",
        account__name=f"Zebra {SECRET}",
        role=Membership.Role.ADMIN,
    )
    other = MembershipFactory(user__name=f"Zac {SECRET}", account=zebra.account)
    Browser().sign_in(member.user)
    Browser(user_agent=f"{SECRET}/1.0").sign_in(other.user)
    Browser().sign_in(other.user)
    boss = Browser(user_agent=f"{SECRET}/2.0").sign_in(zebra.user)
    alive, gone = TrackedSession.objects.filter(user=other.user)
    boss.post(f"{LIST}{gone.public_id}/terminate/", {"reason": SECRET})
    termination = Termination.objects.get()
    return World(
        member=member.user,
        admin=admin.user,
        zebra_ids=[str(alive.public_id), str(termination.public_id)],
    )


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    text: str


def send(request: Sent, world: World, role: str) -> Answer:
    """Through the handler that the site is served by, as a server would pass it on."""
    environ = RequestFactory()._base_environ()
    path, _, _ = request.address(world.ids()).partition("?")
    cookies = [f"{name}={value}" for name, value in request.cookies.items()]
    cookies += [f"csrftoken={CSRF_TOKEN}", f"sessionid={world.browser(role).key}"]
    environ |= {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": request.query.encode(errors="replace").decode("latin-1"),
        "CONTENT_TYPE": request.content_type,
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.input": BytesIO(request.body),
        "HTTP_USER_AGENT": WINDOWS,
        "HTTP_COOKIE": "; ".join(cookies),
        "HTTP_X_CSRFTOKEN": CSRF_TOKEN,
        **request.headers,
    }
    started: list[Any] = []
    with (
        open_connections(),
        closing(world.site(environ, lambda *said: started.extend(said))) as sent,
    ):
        text = b"".join(sent).decode(errors="replace")
    return Answer(int(started[0][:3]), started[1], text)


@pytest.mark.parametrize("role", ROLES)
@fuzzed
@given(request=sent())
def test_no_request_breaks_the_site_or_learns_of_another_account(world, role, request, caplog):
    caplog.clear()
    with caplog.at_level(logging.ERROR):
        answer = send(request, world, role)
    # What Django refuses as suspicious it logs as errors; the rest would be something broken.
    broken = [r for r in caplog.records if not r.name.startswith("django.security.")]
    assert not [record.getMessage() for record in broken]
    assert answer.status < 500
    assert SECRET not in f"{answer.headers} {answer.text}".lower()


# --- Names ----------------------------------------------------------------------------------------

MARKUP = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{ 7 }}{% csrf_token %}"""
OVERRIDES = "\u202enimda\u202c\u2066\u200f"
CONTROLS = re.compile(r"[\0\x1b\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
FORGED = "Ana\r\n2026-05-03 INFO sessions_admin: nobody\u2028did\x1b[2Kit"
NAMES_OF_PEOPLE = {
    "markup": MARKUP,
    "overrides": f"Ana {OVERRIDES}",
    "forged lines": FORGED,
    "long": "Ω" * 150,
    "right to left": "עברית (Chrome)",
    "formula": '=HYPERLINK("http://evil.example")',
}


@pytest.mark.parametrize("name", NAMES_OF_PEOPLE.values(), ids=NAMES_OF_PEOPLE)
def test_names_are_text_in_one_line_and_one_direction_wherever_they_are_shown(name, caplog):
    boss = MembershipFactory(user__name=name, account__name=name, role=Membership.Role.OWNER)
    admin = Browser().sign_in(boss.user)
    member = MembershipFactory(account=boss.account).user
    # As in the table of a host that takes any name.
    User.objects.filter(pk=member.pk).update(name=name)
    user_agent = f"{name} Chrome/126 {'x' * 10_000}".encode(errors="replace").decode("latin-1")
    visitor = Browser(user_agent=user_agent.replace("\r\n", "\t")).sign_in(member)
    row = TrackedSession.objects.get(user=member)
    TrackedSession.objects.filter(pk=row.pk).update(city=MARKUP[:100])
    caplog.set_level(logging.INFO, "sessions_admin")

    pages = [
        admin.get(page)
        for page in (
            *(LIST, f"{LIST}?user={member.pk}", f"{LIST}?account={boss.account.pk}"),
            *(f"{LIST}{row.public_id}/", f"{LIST}{row.public_id}/terminate/"),
            *(f"{LIST}terminate-all/", f"{LIST}own/"),
            *("/", "/accounts/choose/", "/account-management/"),
        )
    ]
    reason = {"reason": f"{name}\n{OVERRIDES}"}
    pages.append(admin.post(f"{LIST}{row.public_id}/terminate/", reason, follow=True))
    termination = Termination.objects.get()
    pages += [
        admin.get(f"{LIST}termination-log/"),
        admin.get(f"{LIST}termination-log/{termination.public_id}/"),
    ]

    assert not visitor.is_signed_in()
    for page in pages:
        text = page.content.decode()
        assert page.status_code == 200, page.request
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert not CONTROLS.search(text), page.request
    assert caplog.messages
    for message in caplog.messages:
        assert len(message.splitlines()) == 1
        assert not CONTROLS.search(message)


@pytest.mark.parametrize("query", [MARKUP, OVERRIDES, FORGED, "a\0b", "Ω" * 10_000])
def test_a_search_for_anything_is_text_on_the_page_and_finds_nothing(query):
    admin = Browser().sign_in(UserFactory(is_superuser=True))
    for name in ("q", "account", "user", "application"):
        page = admin.get(f"{LIST}?{urlencode({name: query})}")
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
        assert "<img src=x" not in page.content.decode()


def test_wrong_email_addresses_forge_no_line_of_the_log(caplog):
    with caplog.at_level(logging.DEBUG):
        for address in (FORGED, f"a@b.example\n{OVERRIDES}"):
            Browser(user_agent="x\ty").post(
                "/accounts/login/", {"username": address, "password": FORGED}
            )
            body = json.dumps({"email": address, "password": FORGED})
            Browser().post("/api/mobile/sign-in/", body, content_type="application/json")
            Browser().get("/" + quote(address))
    assert caplog.records
    for record in caplog.records:
        if record.name.startswith(("django.db", "django.template")):
            continue
        assert len(record.getMessage().splitlines()) == 1, record.getMessage()


def test_more_parameters_than_can_be_meant_are_refused(world):
    many = "&".join(f"p{n}=1" for n in range(1500))
    for content_type in ("", "text/plain; charset=utf-8", "text/plain; charset=rot13"):
        answer = send(Sent("GET", LIST, query=many, content_type=content_type), world, "admin")
        assert answer.status == 400
        assert "Traceback" not in answer.text
