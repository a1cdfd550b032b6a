"""An admin and a member of Acme, with their browsers."""

from __future__ import annotations

import pytest

from tests.support.browsing import IPHONE, Browser, row
from tests.support.factories import AccountFactory, MembershipFactory, person


@pytest.fixture
def admin(acme):
    """The browser of Acme's admin, signed in."""
    return Browser(ip="10.0.0.1").sign_in(person(acme, "Ada Admin", "admin"))


@pytest.fixture
def mia(acme):
    """The browser of a member of Acme, signed in on an iPhone."""
    return Browser(IPHONE, ip="2001:db8::5").sign_in(person(acme, "Mia Member"))


@pytest.fixture
def zebra():
    return AccountFactory(name="Zebrafish Ltd")


@pytest.fixture
def bob(acme, zebra):
    """An admin of Acme and a member of Zebrafish, signed in to Zebrafish on an iPhone."""
    bob = person(acme, "Bob Both", "admin")
    MembershipFactory(user=bob, account=zebra)
    browser = Browser(IPHONE, ip="203.0.113.9").sign_in(bob)
    browser.post("/accounts/choose/", {"account": zebra.pk})
    assert row(browser).account_name == zebra.name
    return browser
