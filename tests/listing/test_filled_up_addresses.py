"""Addresses as logs write them, with parts filled up with zeros, mean the same addresses."""

from __future__ import annotations

import pytest

from sessions_admin.client import canonical_ip
from tests.listing.test_search import finds, login
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

SIX = "2001:db8:85a3::8a2e:370:7334"
NEXT = "2001:db8:85a3:0:8a2e:370:7334:1"
OTHER = "2001:db80:85a3::1"


@pytest.fixture
def rows():
    """Sessions by their addresses; "now" has moved to 203.0.113.7."""
    ada = UserFactory(name="Ada", email="ada@example.com")
    fours = ("203.0.113.7", "203.0.113.70", "203.0.113.77", "203.0.11.7", "20.3.0.113", "7.0.0.1")
    rows = {address: login(user=ada, ip_address=address) for address in (*fours, SIX, NEXT, OTHER)}
    rows["now"] = login(user=ada, now={"ip_address": "203.0.113.7"})
    rows["version"] = login(user=ada, os="Ubuntu", os_version="22.4", browser_version="3.0.11")
    return rows


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("203.0.113.007", ["203.0.113.7", "now"]),
        ("203.000.113.007", ["203.0.113.7", "now"]),
        ("203.000.113.070", ["203.0.113.70"]),
        ("203.00.113.07", ["203.0.113.7", "now"]),
        ("007.000.000.001", ["7.0.0.1"]),
        ("(203.000.113.007),", ["203.0.113.7", "now"]),
        ("203.000.113.007:0443", ["203.0.113.7", "now"]),
        ("::ffff:203.000.113.007", ["203.0.113.7", "now"]),
        ("[::ffff:203.000.113.007]:443", ["203.0.113.7", "now"]),
        ("203.000.113.008", []),
        ("203.000.113.0007", []),
        ("203.000.113.307", []),
        # Networks and beginnings.
        ("203.000.011.000/24", ["203.0.11.7"]),
        ("203.000.113.000/255.255.255.000", ["203.0.113.7", "203.0.113.70", "203.0.113.77", "now"]),
        ("203.000.011.", ["203.0.11.7"]),
        ("203.000.011", ["203.0.11.7"]),
        ("007.000.", ["7.0.0.1"]),
        ("203.000.999.", []),
        ("22.04", []),
        ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", [SIX]),
        ("2001:0db8:85a3::8a2e:0370:7334", [SIX]),
        ("2001:0DB8:85A3:0:0:8A2E:0370:7334", [SIX]),
        ("2001:0db8:85a3:0000:0000:8a2e:0370:0007", []),
        ("2001:0db8:", [SIX, NEXT]),
        ("2001:0db8", [SIX, NEXT]),
        ("2001:0db8:85a3:0000:", [SIX, NEXT]),
        ("2001:db8:85a3:0:", [SIX, NEXT]),
        ("2001:db8:85a3:0", [SIX, NEXT]),
        ("2001:0db8:85a3:0000:0000:8a2e:0370", [SIX]),
        ("2001:0db8:85a3:0000:0001:", []),
        ("00:30", []),
        ("0000:", []),
    ],
)
def test_mean_the_address_as_listed(rows, typed, found):
    assert set(finds(typed)) == {rows[name] for name in found}


def test_a_header_is_not_read_so():
    """Some programs take such a part for an octal number, so nobody knows what a proxy meant."""
    assert canonical_ip("203.0.113.007") is None
