"""People of two accounts, and timeouts for a slow machine."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Membership
from tests.browser.pages import member_of
from tests.support.factories import AccountFactory
from tests.support.servers import PATIENCE

# A slow machine may take longer than Playwright's five seconds. A passing test waits no longer.
expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture
def ada(acme):
    """An admin of Acme, who has chosen Acme as their account."""
    return member_of(acme, "Ada Admin", role=Membership.Role.ADMIN, last_chosen_at=timezone.now())


@pytest.fixture
def mia(acme):
    return member_of(acme, "Mia Member")


@pytest.fixture
def bob(acme):
    return member_of(acme, "Bob Builder")


@pytest.fixture
def zoe():
    """A member of another account, Birch."""
    return member_of(AccountFactory(name="Birch"), "Zoe Else")
