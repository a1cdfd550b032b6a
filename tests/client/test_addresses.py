"""Every form in which servers and proxies write an address, with a port or without."""

from __future__ import annotations

import re
import time

import pytest
from django.test import RequestFactory

from sessions_admin.client import ip_address_of

PROXY = "10.0.0.2"
PORT = re.compile(r":(46532|443|80|8000)\W*$")
LONG, SHORT = "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "2001:db8:85a3::8a2e:370:7334"


def address(settings, header, sent, proxies=1):
    settings.SESSIONS_ADMIN = {
        **settings.SESSIONS_ADMIN,
        "TRUSTED_PROXIES": proxies,
        "FORWARDED_HEADER": header,
    }
    request = RequestFactory(REMOTE_ADDR=PROXY).get("/", headers={header: sent})
    return ip_address_of(request)


WAYS = [
    (LONG, SHORT),
    # CloudFront always writes the port.
    (f"{LONG}:46532", SHORT),
    (f"{LONG}:80", SHORT),
    (f"[{LONG}]:46532", SHORT),
    (f"[{LONG}]", SHORT),
    (f'"[{SHORT}]:443"', SHORT),
    (f"'{SHORT}'", SHORT),
    (f"  {SHORT}\t", SHORT),
    (SHORT.upper(), SHORT),
    ("2001:db8::7:46532", "2001:db8::7"),
    ("2001:db8::7:", "2001:db8::7"),
    ("fe80::1%eth0", "fe80::1"),
    ("[fe80::1%eth0]:443", "fe80::1"),
    ("[fe80::1%25eth0]", "fe80::1"),
    ("::1", "::1"),
    ("[::1]:8000", "::1"),
    ("::ffff:203.0.113.7", "203.0.113.7"),
    ("[::ffff:203.0.113.7]:443", "203.0.113.7"),
    ("::ffff:203.0.113.7:46532", "203.0.113.7"),
    ("::ffff:cb00:7107", "203.0.113.7"),
    ("203.0.113.7", "203.0.113.7"),
    ("203.0.113.7:46532", "203.0.113.7"),
    ('"203.0.113.7:46532"', "203.0.113.7"),
    ("203.0.113.7:", "203.0.113.7"),
]
NONE = [
    *("unknown", "_hidden", ":443", "[]", "[]:443", "[203.0.113.7", "203.0.113.7]", "1.2.3.4.5"),
    *(
        f"{LONG}:46532:1",
        "203.0.113.7:http",
        "[::1]443",
        "999.1.1.1:80",
        "%eth0",
        "\x00",
        "a" * 9999,
    ),
]


class TestWaysToWrite:
    @pytest.mark.parametrize(("sent", "expected"), WAYS)
    def test_the_address_of_a_trusted_header(self, settings, sent, expected):
        assert address(settings, "X-Forwarded-For", sent) == expected
        if PORT.search(sent):
            assert address(settings, "CloudFront-Viewer-Address", sent) == expected

    @pytest.mark.parametrize("sent", NONE, ids=lambda sent: ascii(sent)[:30])
    def test_what_is_none(self, settings, sent):
        for header in ("CloudFront-Viewer-Address", "X-Forwarded-For", "X-Real-IP"):
            assert address(settings, header, sent) is None

    @pytest.mark.parametrize(("sent", "expected"), WAYS)
    def test_the_address_that_the_server_names(self, sent, expected):
        assert ip_address_of(RequestFactory(REMOTE_ADDR=sent).get("/")) == expected

    @pytest.mark.parametrize("sent", [*NONE, "", None])
    def test_a_server_that_names_none(self, sent):
        assert ip_address_of(RequestFactory(REMOTE_ADDR=sent).get("/")) is None


def test_cloudfront_always_names_a_port(settings):
    sent = "2001:db8::7:4711"
    assert address(settings, "CloudFront-Viewer-Address", sent) == "2001:db8::7"
    assert address(settings, "X-Forwarded-For", sent) == "2001:db8::7:4711"


def test_who_writes_ports_to_the_left_is_still_a_stranger(settings):
    chain = f"1.2.3.4:80, {LONG}:46532, [2001:db8:1::5]:443"
    assert address(settings, "X-Forwarded-For", chain) == "2001:db8:1::5"
    assert address(settings, "X-Forwarded-For", chain, ["10.0.0.0/8", "2001:db8:1::/48"]) == SHORT
    assert address(settings, "X-Forwarded-For", f"{chain}, nonsense") is None


def test_half_an_address_where_a_long_header_is_cut_is_no_address(settings):
    """Only the last 4000 characters are read, here from the second one on."""
    sent = "198.51.100.123" + ",10.0.0.3" * 443
    assert len(sent) == 4001
    assert address(settings, "X-Forwarded-For", sent, ["10.0.0.0/8"]) == "10.0.0.3"


class TestForwarded:
    @pytest.mark.parametrize(
        ("sent", "expected"),
        [
            ("for=203.0.113.7", "203.0.113.7"),
            ("  For = 203.0.113.7", None),
            ("for=203.0.113.7;", "203.0.113.7"),
            ("proto=https ; for=203.0.113.7", "203.0.113.7"),
            ('for="[2001:db8::7]"', "2001:db8::7"),
            ('for="\\[2001:db8::7\\]:4711"', "2001:db8::7"),
            # Commas, semicolons and escaped quotation marks in a text that the proxy quoted.
            ('for=203.0.113.7;host="a, for=1.2.3.4; \\", for=1.2.3.4"', "203.0.113.7"),
            ('for=203.0.113.7;host="\\\\"', "203.0.113.7"),
            ('host="for=1.2.3.4";for=203.0.113.7', "203.0.113.7"),
            # An element that names two clients, or none, or is malformed.
            ("for=1.2.3.4;for=203.0.113.7", None),
            ("for=1.2.3.4;FOR=203.0.113.7", None),
            ('for="203.0.113.7', None),
            ("for=203.0.113.7 proto=https", None),
            # Empty elements and parameters do not count (RFC 9110, section 5.6.1; RFC 7239).
            ("for=203.0.113.7, ,", "203.0.113.7"),
            ("; for=203.0.113.7;;", "203.0.113.7"),
            ("for=", None),
            ("=203.0.113.7", None),
            (";", None),
            ('"' * 4000, None),
            ('\\"' * 2000, None),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_the_element_of_the_nearest_proxy(self, settings, sent, expected):
        assert address(settings, "Forwarded", sent) == expected
        # What the client sent is to the left, and changes nothing.
        for before in ("for=1.2.3.4", 'for="', '"', 'x="\\', "for=1.2.3.4;host=\\"):
            assert address(settings, "Forwarded", f"{before}, {sent}") == expected

    def test_networks(self, settings):
        chain = 'for=1.2.3.4, for="[2001:db8::7]:4711";proto=https, for=10.0.0.7'
        assert address(settings, "Forwarded", chain, ["10.0.0.0/8"]) == "2001:db8::7"
        assert address(settings, "Forwarded", chain, ["10.0.0.2/32"]) == "10.0.0.7"
        assert address(settings, "Forwarded", "for=_hidden, for=10.0.0.7", ["10.0.0.0/8"]) is None

    def test_hostile_headers_are_read_in_linear_time(self, settings):
        for part in ('"', '\\"', 'for="', "a=b;", "a;", ",", " ", 'a="b",', "\\"):
            start = time.perf_counter()
            address(settings, "Forwarded", part * 30_000, ["0.0.0.0/0", "::/0"])
            assert time.perf_counter() - start < 0.1, part
