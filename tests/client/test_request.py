"""The client's address: behind proxies, with forged headers, and with malformed ones."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import RequestFactory, override_settings
from django.utils import timezone

from sessions_admin import checks
from sessions_admin.client import request as client
from sessions_admin.models import TrackedSession
from tests.support.browsing import Browser
from tests.support.factories import PASSWORD, MembershipFactory
from tests.support.storm import Visitor, start_site

PROXY = "10.0.0.2"
NETWORKS = ["10.0.0.0/8", "2001:db8:1::/48"]


def trusting(settings, proxies, header="X-Forwarded-For"):
    settings.SESSIONS_ADMIN = {
        **settings.SESSIONS_ADMIN,
        "TRUSTED_PROXIES": proxies,
        "FORWARDED_HEADER": header,
    }


def address(peer, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.ip_address_of(RequestFactory(REMOTE_ADDR=peer).get("/", headers=named))


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "expected"),
    [
        # One proxy, then two, by number: entries further left come from the client.
        (1, PROXY, "203.0.113.9", "203.0.113.9"),
        (1, PROXY, "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        (2, PROXY, "203.0.113.9, 10.0.0.3", "203.0.113.9"),
        (2, PROXY, "1.2.3.4, 203.0.113.9, 10.0.0.3", "203.0.113.9"),
        # By network, whatever the number of proxies.
        (NETWORKS, PROXY, "203.0.113.9", "203.0.113.9"),
        (NETWORKS, PROXY, "1.2.3.4, 203.0.113.9, 10.0.0.3, 10.9.9.9", "203.0.113.9"),
        (NETWORKS, "2001:db8:1::5", "1.2.3.4, 2001:db8:9::7", "2001:db8:9::7"),
        (["10.0.0.2"], PROXY, "1.2.3.4, 10.0.0.3", "10.0.0.3"),
        # The connection is not from a proxy, so its header is ignored.
        (NETWORKS, "198.51.100.7", "203.0.113.9", "198.51.100.7"),
        # Only proxies: the one furthest away is the client.
        (NETWORKS, PROXY, "10.0.0.4", "10.0.0.4"),
        # Ports, brackets, mapped addresses and other spellings.
        (1, PROXY, "203.0.113.9:51234", "203.0.113.9"),
        (1, PROXY, "[2001:DB8:0:0::7]:443", "2001:db8::7"),
        (1, PROXY, "2001:db8::7", "2001:db8::7"),
        (1, PROXY, "::ffff:203.0.113.9", "203.0.113.9"),
        (NETWORKS, "::ffff:10.0.0.2", "203.0.113.9", "203.0.113.9"),
        (1, "", "203.0.113.9", "203.0.113.9"),
        # No valid address where the client's should be, so it is unknown.
        (1, PROXY, "unknown", None),
        (1, PROXY, "203.0.113.9, garbage", None),
        (1, PROXY, "", None),
        (NETWORKS, PROXY, "", None),
        (NETWORKS, "198.51.100.7", " ", "198.51.100.7"),
        (2, PROXY, "203.0.113.9", None),
        (1, PROXY, "999.1.1.1", None),
        (1, PROXY, "203.0.113.9 OR 1=1", None),
        (1, PROXY, "\x00\x7f", None),
        # Invalid entries further left are ignored.
        (1, PROXY, "<script>, 1.2.3.4.5, 203.0.113.9", "203.0.113.9"),
        (1, PROXY, "1.1.1.1, " * 20_000 + "203.0.113.9", "203.0.113.9"),
        # No proxy is trusted: the connection's address counts.
        (0, PROXY, "203.0.113.9", PROXY),
        ([], PROXY, "203.0.113.9", PROXY),
    ],
)
def test_address_behind_proxies(settings, proxies, peer, forwarded, expected):
    trusting(settings, proxies)
    assert address(peer, x_forwarded_for=forwarded) == expected


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("for=203.0.113.9", "203.0.113.9"),
        ('For="[2001:db8::7]:4711";proto=https;by=10.0.0.2', "2001:db8::7"),
        ("for=1.2.3.4, for=203.0.113.9;proto=https", "203.0.113.9"),
        ('for="203.0.113.9:80"', "203.0.113.9"),
        # A client's quotation mark cannot hide what the proxy appended.
        ('for="1.2.3.4, for=203.0.113.9', "203.0.113.9"),
        ("for=unknown", None),
        ("for=_hidden", None),
        ("proto=https", None),
        ("203.0.113.9", None),
    ],
)
def test_forwarded_header_of_the_standard(settings, forwarded, expected):
    trusting(settings, 1, "Forwarded")
    assert address(PROXY, forwarded=forwarded) == expected


def test_only_the_header_that_the_proxies_write_counts(settings):
    trusting(settings, 1)
    assert address(PROXY, forwarded="for=1.2.3.4", x_forwarded_for="203.0.113.9") == "203.0.113.9"
    assert address(PROXY, forwarded="for=1.2.3.4") == PROXY
    trusting(settings, NETWORKS, "CF-Connecting-IP")
    assert address(PROXY, x_forwarded_for="1.2.3.4", cf_connecting_ip="203.0.113.9") == (
        "203.0.113.9"
    )


def test_request_that_came_around_the_proxies_speaks_for_itself(settings):
    trusting(settings, 1)
    assert address("127.0.0.1") == "127.0.0.1"


@pytest.mark.parametrize("proxies", [-1, True, "10.0.0.0/8", ["10.0.0.0/99"], [None], 1.5, None])
def test_wrong_setting_is_a_check_and_trusts_nobody(settings, proxies):
    trusting(settings, proxies)
    assert address(PROXY, x_forwarded_for="203.0.113.9") == PROXY
    assert "TRUSTED_PROXIES" in "".join(error.msg for error in checks.check_settings(None))


def test_sign_in_behind_a_proxy_is_tracked_with_the_clients_address(db, settings):
    trusting(settings, NETWORKS)
    user = MembershipFactory().user
    headers = {"x-forwarded-for": "1.2.3.4, 192.0.2.1"}
    Browser(ip=PROXY, headers=headers).sign_in(user)
    row = TrackedSession.objects.get()
    assert (row.ip_address, row.is_forwarded) == ("192.0.2.1", False)


def test_header_that_nobody_trusts_is_ignored_noted_and_warned_of(db, caplog):
    client._complain_once.cache_clear()
    user = MembershipFactory().user
    with caplog.at_level(logging.WARNING, "sessions_admin"):
        for number in range(3):
            Browser(ip=PROXY, headers={"x-forwarded-for": f"1.2.3.{number}"}).sign_in(user)
    assert [*TrackedSession.objects.values_list("ip_address", "is_forwarded")] == [
        (PROXY, True)
    ] * 3
    assert caplog.text.count("TRUSTED_PROXIES") == 1
    (warning,) = checks.check_addresses(None, databases=["default"])
    assert warning.id == "sessions_admin.W004"


@pytest.mark.parametrize(
    ("proxies", "header", "sent"),
    [
        # The proxy is not a trusted one, or writes a header other than the trusted one.
        (["172.16.0.0/12"], "X-Forwarded-For", "x-forwarded-for"),
        (NETWORKS, "Forwarded", "x-forwarded-for"),
        (1, "CF-Connecting-IP", "x-forwarded-for"),
        (["172.16.0.0/12"], "CF-Connecting-IP", "cf-connecting-ip"),
    ],
)
def test_setting_that_does_not_fit_the_proxy_is_warned_of(db, settings, proxies, header, sent):
    trusting(settings, proxies, header)
    Browser(ip=PROXY, headers={sent: "192.0.2.1"}).sign_in(MembershipFactory().user)
    row = TrackedSession.objects.get()
    assert (row.ip_address, row.is_forwarded) == (PROXY, True)
    (warning,) = checks.check_addresses(None, databases=["default"])
    assert "FORWARDED_HEADER" in warning.hint


@pytest.mark.parametrize("header", [7, None, ["X-Forwarded-For"]])
def test_wrong_header_is_a_check_and_trusts_nobody(db, settings, header):
    trusting(settings, 1, header)
    Browser(ip=PROXY, headers={"x-forwarded-for": "192.0.2.1"}).sign_in(MembershipFactory().user)
    assert TrackedSession.objects.get().ip_address == PROXY
    assert "FORWARDED_HEADER" in "".join(error.msg for error in checks.check_settings(None))


def test_one_stranger_with_a_forwarded_header_is_not_a_proxy(db):
    user = MembershipFactory().user
    Browser(ip="198.51.100.7", headers={"x-forwarded-for": "1.2.3.4"}).sign_in(user)
    for _ in range(2):
        Browser().sign_in(user)
    assert checks.check_addresses(None, databases=["default"]) == []
    TrackedSession.objects.update(created_at=timezone.now() - timedelta(days=2), is_forwarded=True)
    assert checks.check_addresses(None, databases=["default"]) == []


def test_check_command_looks_into_the_database(db, capsys):
    user = MembershipFactory().user
    Browser(ip=PROXY, headers={"forwarded": "for=1.2.3.4"}).sign_in(user)
    call_command("check", databases=["default"])
    assert "sessions_admin.W004" in capsys.readouterr().err


def test_project_that_believes_a_proxy_about_tls_is_asked_about_addresses():
    assert checks.check_proxies(None) == []
    with override_settings(SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https")):
        (warning,) = checks.check_proxies(None)
        assert "SECURE_PROXY_SSL_HEADER" in warning.msg


@pytest.mark.django_db(transaction=True)
def test_the_sites_own_server_hands_on_no_header_that_a_stranger_spelt_with_an_underscore(settings):
    """In WSGI both spellings have one name, so the client's could replace the proxy's."""
    trusting(settings, 1)
    user = MembershipFactory().user
    port, stop = start_site(workers=1)
    try:
        visitor = Visitor(port)
        visitor.headers = {"X-Forwarded-For": "192.0.2.7", "X_Forwarded_For": "198.51.100.1"}
        visitor.sign_in(user.email, PASSWORD)
        visitor.close()
    finally:
        stop()
    assert TrackedSession.objects.get().ip_address == "192.0.2.7"
