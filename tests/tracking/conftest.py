"""People whose sessions are tracked, with empty memory of earlier tests."""

from __future__ import annotations

import pytest

from sessions_admin.tracking import throttle
from tests.support.browsing import Browser, listed
from tests.support.factories import MembershipFactory, UserFactory


@pytest.fixture(autouse=True)
def forget_what_was_written():
    throttle.forget()


@pytest.fixture
def bo():
    return MembershipFactory(user__name="Bo Berg", account__name="Globex").user


@pytest.fixture
def operator():
    """A superuser's browser, signed in and on the list already."""
    user = UserFactory(is_superuser=True, name="Olga Operator")
    browser = Browser().sign_in(user)
    listed(browser)
    return browser
