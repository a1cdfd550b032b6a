"""Fixtures with accounts and people for tests in several folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accounts.demo import locations
from accounts.models import Account, User
from tests.support.factories import AccountFactory, MembershipFactory


@pytest.fixture
def acme() -> Account:
    return AccountFactory(name="Acme")


@pytest.fixture
def globex() -> Account:
    return AccountFactory(name="Globex")


@pytest.fixture
def ana() -> User:
    """A member of an account called Acme."""
    return MembershipFactory(user__name="Ana Novak", account__name="Acme").user


@pytest.fixture(scope="session")
def demo_map_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the demo's location database once, because it takes a second."""
    path = tmp_path_factory.mktemp("geoip") / "City.mmdb"
    locations.write_database(path)
    return path


@pytest.fixture
def demo_map(demo_map_file: Path, settings: Any) -> None:
    """Use the demo's location database."""
    settings.GEOIP_PATH = str(demo_map_file)
