"""No header value makes any page answer with a server error, for any kind of person."""

from __future__ import annotations

import logging
import re
import zlib
from contextlib import closing
from io import BytesIO
from typing import Any

import pytest
from django.test import RequestFactory

from sessions_admin.project.requests import Utf8WSGIHandler
from tests.faults.hostile_requests import CSRF_TOKEN, routes
from tests.faults.test_hostile_requests import open_connections
from tests.support.browsing import LIST, WINDOWS, Browser, row
from tests.support.factories import person

pytestmark = pytest.mark.django_db

OWN_SITE = "http://testserver"
# Values that often break parsers of addresses, dates, numbers, cookies and languages.
VALUES = [
    "http://[::1",
    f"{OWN_SITE}//[::1",
    "//[::1/?q=[",
    "http://exa\u2100mple/".encode().decode("latin-1"),
    '"\\000\\001\\377aaaaaaaaaaaaaaaaaaaa"',
    "\xff\xfe\xe9" * 9,
    "9" * 400,
    "-1",
    "9" * 5000,
    "bytes=9-1,-,x",
    "%00%ff%ed%a0%80%0d%0aX:y",
    "Fri, 99 Foo 99999 99:99:99 GMT",
    'for="[::1',
    "de;q=nan, *;q=1e999, " + "a-" * 40,
    "a=b; " * 300 + '"',
    "{}[]()<>\\'\"",
    "",
]
# Headers that the code, Django and the middleware read, and some that other software reads.
HEADERS = [
    *("HX-Request", "HX-Target", "HX-Trigger", "HX-Trigger-Name", "HX-Boosted", "HX-Prompt"),
    *("HX-Current-URL", "HX-Current-URL-URI-AutoEncoded", "HX-History-Restore-Request"),
    *("SA-User", "SA-Filters"),
    *("Triggering-Event", "Accept", "Accept-Language", "Accept-Encoding", "Accept-Charset"),
    *("Referer", "Origin", "User-Agent", "X-Forwarded-For", "X-Forwarded-Host"),
    *("X-Forwarded-Proto", "X-Forwarded-Port", "Forwarded", "X-Real-IP", "Authorization"),
    *("Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Purpose", "Sec-CH-UA", "Sec-CH-UA-Mobile"),
    *("Sec-CH-UA-Model", "Sec-CH-UA-Platform", "Sec-CH-UA-Platform-Version"),
    *("If-Modified-Since", "If-Unmodified-Since", "If-None-Match", "If-Match", "If-Range"),
    *("Range", "X-CSRFToken", "X-Requested-With", "X-HTTP-Method-Override", "Expect", "DNT"),
    *("Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Host"),
    *("Via", "TE", "Upgrade", "Save-Data", "Priority", "Traceparent"),
]
# These are refused before any page is reached, so each is sent alone.
ALONE = {"Host", "Content-Type", "Content-Length", "X-CSRFToken", "Transfer-Encoding"}
COOKIES = [
    *("sessionid", "csrftoken", "messages", "django_language", "time_zone"),
    "sessions_admin_ended",
]


@pytest.fixture
def people(acme, settings):
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"TRUSTED_PROXIES": 1}
    member = Browser().sign_in(person(acme, "Mia Member"))
    return {
        "nobody": Browser(),
        "member": member,
        "admin": Browser().sign_in(person(acme, "Ada Admin", "admin")),
    }


@pytest.fixture
def addresses(people):
    """Return every page of the site with a real id, and the first pages of the Django admin."""
    public_id = str(row(people["member"]).public_id)
    found = [re.sub(r"<[^>]+>", public_id, route) for route in sorted(routes())]
    return [*found, "/admin/", "/admin/login/", "/no/such/page/", "/static/none.css"]


def names_in_environ(headers: dict[str, str]) -> dict[str, str]:
    bare = {"Content-Type", "Content-Length"}
    return {
        ("" if name in bare else "HTTP_") + name.upper().replace("-", "_"): value
        for name, value in headers.items()
    }


def send(
    browser: Browser,
    address: str,
    headers: dict[str, str],
    cookies: dict[str, str] | None = None,
    method: str = "GET",
) -> int:
    """Return the response's status from the handler that serves the site."""
    sent = {"csrftoken": CSRF_TOKEN, "sessionid": browser.key} | (cookies or {})
    body = b"reason=x&next=/"
    environ = RequestFactory()._base_environ() | {
        "REQUEST_METHOD": method,
        "PATH_INFO": address,
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        "HTTP_USER_AGENT": WINDOWS,
        "HTTP_X_CSRFTOKEN": CSRF_TOKEN,
        "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in sent.items()),
        **names_in_environ(headers),
    }
    started: list[Any] = []
    handler = Utf8WSGIHandler()
    with (
        open_connections(),
        closing(handler(environ, lambda *said: started.extend(said))) as answer,
    ):
        for _ in answer:
            pass
    return int(started[0][:3])


@pytest.fixture
def nothing_breaks(caplog):
    caplog.set_level(logging.ERROR)
    yield
    broken = [r for r in caplog.records if not r.name.startswith("django.security.")]
    assert not [record.getMessage() for record in broken]


ROLES = ["nobody", "member", "admin"]


@pytest.mark.parametrize("role", ROLES)
def test_all_headers_together_on_every_page(people, addresses, role, nothing_breaks):
    """One hostile value in all headers of an htmx request, whose header is read first."""
    for address in addresses:
        for value in VALUES:
            headers = {name: value for name in HEADERS if name not in ALONE}
            headers |= {"HX-Request": "true", "HX-Target": "sa-sessions"}
            assert send(people[role], address, headers) < 500, (address, value)


@pytest.mark.parametrize("role", ROLES)
def test_each_header_alone(people, addresses, role, nothing_breaks):
    """Each value in each header, on one page after another."""
    safe = [a for a in addresses if "logout" not in a]
    for name in HEADERS:
        for value in VALUES:
            address = safe[zlib.crc32(f"{name}{value}".encode()) % len(safe)]
            headers = {"HX-Request": "true", name: value} if "HX" in name else {name: value}
            assert send(people[role], address, headers) < 500, (address, headers)


@pytest.mark.parametrize("role", ROLES)
def test_each_cookie_alone(people, addresses, role, nothing_breaks):
    safe = [a for a in addresses if "logout" not in a]
    for name in COOKIES:
        for value in VALUES:
            for address in (LIST, safe[zlib.crc32(f"{name}{value}".encode()) % len(safe)]):
                status = send(people[role], address, {}, {name: value})
                assert status < 500, (address, name, value)


@pytest.mark.parametrize("role", ROLES)
def test_headers_with_what_is_posted(people, addresses, role, nothing_breaks):
    for address in addresses:
        if "sign-out" in address or "logout" in address or "terminate" in address:
            continue
        for value in VALUES[:4]:
            headers = {"HX-Request": "true", "HX-Current-URL": value, "Referer": value}
            assert send(people[role], address, headers, method="POST") < 500, (address, value)


@pytest.mark.parametrize(
    "target", ["foo", "own", "login", "sessions_admin:list", "a.b", "?x", "#", "http:foo", "///"]
)
def test_a_way_back_that_is_no_address_leads_to_the_list(people, target):
    answer = people["admin"].get(LIST + "confirm-password/", {"next": target})
    assert answer.status_code == 302
    assert answer["Location"] == LIST
