"""Requests cannot fill the process's memory: each cookie, header and parameter is flooded.

Anything that grows by one entry for each distinct value grows without limit. So a few hundred
requests, each with different values, are enough to detect it in caches without a limit, and in the
dictionaries, lists and sets that stay alive in the process.
"""

from __future__ import annotations

import functools
import gc
import logging
from contextlib import closing
from io import BytesIO
from urllib.parse import quote, urlencode

import pytest
from django.test import RequestFactory

from sessions_admin.client.hints import ACCEPT_CH
from sessions_admin.listing.filters import FilterForm
from sessions_admin.project.requests import Utf8WSGIHandler
from sessions_admin.views import addresses
from tests.faults.hostile_requests import HEADERS
from tests.faults.test_hostile_requests import open_connections
from tests.support.browsing import LIST, Browser
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

WARM, FLOOD = 24, 160
# Growth up to this is noise. Each page gets more requests than this, so a leak of one entry a
# request exceeds it.
TOLERATED = FLOOD // 8 - 5
PARAMETERS = (*FilterForm.base_fields, *addresses.PLACE, "since", "session", "next", "page")
COOKIES = (
    "time_zone",
    "browser_time_zone",
    "django_language",
    "sessionid",
    "csrftoken",
    "sessions_admin_ended",
    "messages",
)
MORE_HEADERS = (
    *(f"HTTP_{name.upper().replace('-', '_')}" for name in ACCEPT_CH.split(", ")),
    *("HTTP_USER_AGENT", "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT_ENCODING", "HTTP_ACCEPT"),
    *("HTTP_REFERER", "HTTP_ORIGIN", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE"),
    *("HTTP_HX_CURRENT_URL", "HTTP_HX_TARGET", "HTTP_HX_TRIGGER", "HTTP_RANGE"),
    *("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_FORWARDED_HOST", "HTTP_X_REQUESTED_WITH"),
)
ODD_ONES = {
    "HTTP_ACCEPT_LANGUAGE": "x{0}-y{0},z{0};q=0.5",
    "HTTP_USER_AGENT": "Mozilla/5.0 (X{0}; rv:{0}) Gecko/{0} Thing{0}/{0}",
    "HTTP_X_FORWARDED_FOR": "2001:db8::{0}",
    "HTTP_FORWARDED": 'for="[2001:db8::{0}]"',
    "HTTP_IF_MODIFIED_SINCE": "Thu, 26 Nov 2026 22:{0}:00 GMT",
}


def request(number, path, *, method="GET", key="", field=""):
    """Return a request in which every value that a client can choose is a new one."""
    value = f"v{number}"
    query = urlencode({name: f"{value}{name}" for name in PARAMETERS} | {f"p{value}": value})
    cookies = {name: f"{value}{name}" for name in COOKIES} | {f"c{value}": value}
    cookies["django_language"] = f"xx-{value}"
    if key:
        cookies["sessionid"] = key
    body = urlencode(dict.fromkeys(("username", "email", "password"), f"{value}@example.com"))
    environ = RequestFactory()._base_environ()
    environ |= {name: ODD_ONES.get(name, "{0}").format(value) for name in {*HEADERS, *MORE_HEADERS}}
    return environ | {
        "HTTP_HOST": "testserver",
        "REQUEST_METHOD": method,
        "PATH_INFO": path.format(quote(value)),
        "QUERY_STRING": query,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": f"2001:db8:{number:x}::1",
        "HTTP_COOKIE": "; ".join(f"{name}={text}" for name, text in cookies.items()),
        "wsgi.input": BytesIO(body.encode()),
    }


def flood(site, numbers, key):
    pages = (
        ("/accounts/login/", "GET", ""),
        (LIST, "GET", key),
        ("/{0}/", "GET", ""),
        ("/accounts/password_reset/", "GET", ""),
        ("/accounts/preferences/", "GET", key),
        ("/static/{0}.css", "GET", ""),
        ("/api/mobile/me/", "GET", ""),
        ("/api/mobile/sign-in/", "POST", ""),
    )
    for number in numbers:
        path, method, session = pages[number % len(pages)]
        environ = request(number, path, method=method, key=session)
        with closing(site(environ, lambda *said: None)) as answer:
            assert b"".join(answer) is not None


def living(*kinds):
    """Return all objects of these kinds. ``isinstance`` would evaluate lazy ones."""
    return [thing for thing in gc.get_objects() if issubclass(type(thing), kinds)]


def unlimited_caches():
    """Return each unlimited ``functools.cache`` in the process, and its number of entries."""
    return {
        f"{cached.__module__}.{cached.__qualname__}": cached.cache_info().currsize
        for cached in living(functools._lru_cache_wrapper)
        if cached.cache_info().maxsize is None
    }


def containers():
    """Return the process's living containers, except those inside caches with a limit."""
    gc.collect()
    limited = {
        id(held)
        for cached in living(functools._lru_cache_wrapper)
        for held in gc.get_referents(cached)
    }
    return {id(held): held for held in living(dict, list, set) if id(held) not in limited}


@pytest.fixture
def site(settings):
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["testserver"]
    logging.disable(logging.CRITICAL)  # pytest keeps log records.
    with open_connections():
        yield Utf8WSGIHandler()
    logging.disable(logging.NOTSET)


def test_no_memory_grows_with_what_is_sent(site):
    key = Browser().sign_in(UserFactory(is_superuser=True)).key
    flood(site, range(WARM), key)
    caches, before = unlimited_caches(), containers()
    sizes = {place: len(held) for place, held in before.items()}
    flood(site, range(WARM, WARM + FLOOD), key)
    now = unlimited_caches()
    grown = {name: size - caches.get(name, 0) for name, size in now.items()}
    assert {name: more for name, more in grown.items() if more > TOLERATED} == {}
    larger = [
        (type(held), len(held) - sizes[place], list(held)[-3:])
        for place, held in before.items()
        if len(held) - sizes[place] > TOLERATED
    ]
    assert not larger
