"""Ada and her accounts."""

from __future__ import annotations

import pytest

from tests.support.factories import MembershipFactory, UserFactory


@pytest.fixture
def user():
    return UserFactory(email="Ada@Example.com", name="Ada Lovelace")


@pytest.fixture
def two_accounts(user):
    """Ada's memberships of Alpha and Beta, neither ever chosen."""
    return [
        MembershipFactory(user=user, account__name="Beta"),
        MembershipFactory(user=user, account__name="Alpha"),
    ][::-1]
