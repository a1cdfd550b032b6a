"""People of the site under fault."""

from __future__ import annotations

import pytest

from tests.support.factories import UserFactory


@pytest.fixture
def operator():
    return UserFactory(is_superuser=True, name="Olga Operator")
