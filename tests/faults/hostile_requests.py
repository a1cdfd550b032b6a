"""Hypothesis strategies for requests that break parsers, databases, templates or terminals."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import strategies as st

CSRF_TOKEN = "c" * 32


def routes(resolver: URLResolver | None = None, before: str = "/") -> Iterator[str]:
    """Return every route of the site except Django's own admin."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if route.startswith("/admin/"):
            continue
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route


# Texts that often break parsers, databases, templates and terminals.
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
    "OTk5OS0xMi0zMVQyMzo1OTo1OS0yMzowMCwx",  # A cursor after the latest time.
    "MDAwMS0wMS0wMVQwMDowMDowMCswMDowMCwx",  # A cursor at the earliest time.
    "MDAwMS0wMS0wMVQwMDowMDowMCsyMzowMCwx",  # A cursor before it.
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
    """One request. ``part`` and ``text`` fill the route's parameters."""

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
        """Fill the route with an own id, somebody else's, an unknown one, or an invalid one."""
        known = [*ids, str(uuid.UUID(int=0)), quote(self.text, errors="surrogatepass")]
        return re.sub(r"<[^>]+>", lambda _: known[self.part % len(known)], self.route)
