"""What a search means in spellings that keyboards and web pages produce."""

from __future__ import annotations

import pytest

from tests.listing.test_search import finds, login
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("shown", "typed"),
    [
        ("Νίκος", "νικοσ"),
        ("Νίκος", "ΝΙΚΟΣ"),
        ("ΝΙΚΟΣ", "νίκος"),
        ("Kāne\u02bbohe", "kane'ohe"),
    ],
)
def test_letters(shown, typed):
    ada = UserFactory(name="Ada")
    rows = [login(user=ada, city=shown), login(user=UserFactory(name=f"Eve {shown}"))]
    assert finds(typed) == rows
    assert finds(typed[:-1]) == rows


WIDE = {ord(narrow): chr(ord(narrow) + 0xFEE0) for narrow in "0123456789."}


@pytest.mark.parametrize(
    "typed",
    [
        "203".translate(WIDE) + ".0.113.7",
        "203.0.113.7".replace(".", ".".translate(WIDE)),
        "203。0。113。7",
        "203.0.113.7".translate(WIDE),
    ],
)
def test_address_in_wide_characters_means_that_address_alone(typed):
    ada = UserFactory(name="Ada")
    row = login(user=ada, ip_address="203.0.113.7")
    login(user=ada, ip_address="203.0.113.70")
    assert finds(typed) == [row]
