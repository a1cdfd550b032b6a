"""An admin and a member of Acme, with their browsers."""

from __future__ import annotations

import pytest

from tests.support.browsing import IPHONE, Browser
from tests.support.factories import person


@pytest.fixture
def admin(acme):
    """The browser of Acme's admin, signed in."""
    return Browser(ip="10.0.0.1").sign_in(person(acme, "Ada Admin", "admin"))


@pytest.fixture
def mia(acme):
    """The browser of a member of Acme, signed in on an iPhone."""
    return Browser(IPHONE, ip="2001:db8::5").sign_in(person(acme, "Mia Member"))
