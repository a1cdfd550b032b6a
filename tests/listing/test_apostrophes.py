"""Names with an apostrophe are found whichever character stands for it, then and now."""

from __future__ import annotations

import pytest
from django.db import connection

from sessions_admin import folding
from tests.listing.test_search import finds, login
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

APOSTROPHES = "'’‘‛`´´`ʼʻʽʹˈ′＇՚ꞌ"
NAMES = {character: f"O{character}Brien" for character in APOSTROPHES}


@pytest.fixture
def rows():
    """Sessions of people and in locations of this name, one for each spelling."""
    ada = UserFactory(name="Ada", email="ada@example.com")
    rows = [login(user=UserFactory(name=f"Pat {name}")) for name in NAMES.values()]
    rows += [login(user=ada, city=name) for name in NAMES.values()]
    rows += [login(user=ada, now={"city": name}) for name in NAMES.values()]
    rows.append(login(user=UserFactory(name="", email="o'brien@example.com")))
    login(user=UserFactory(name="Pat O Brien"))
    login(user=UserFactory(name="Pat OBrien"))
    return rows


@pytest.mark.parametrize("character", APOSTROPHES)
def test_every_spelling_finds_every_other(rows, character):
    name = NAMES[character]
    for q in (name, name.upper(), name[1:-1], f'"{name}"', f"{name},"):
        # At the beginning of a word it may be a quotation mark.
        assert set(finds(q)) >= set(rows), q
    assert set(finds(name)) == set(rows)


@pytest.mark.parametrize("quotes", ["``", "´´", "`´", "‚‘", "‛’", "‟”", "„“"])
def test_around_a_word_they_are_quotation_marks(quotes):
    row = login(city="Milan")
    login(city="Oslo")
    before, after = quotes
    assert finds(f"{before}Milan{after}") == [row]


@pytest.mark.parametrize(
    ("shown", "typed"),
    [
        ("Əliyev", "eliyev"),
        ("ƏLİYEV", "əliyev"),
        ("ҚАЗАҚСТАН", "қазақстан"),
        ("Өскемен", "өскемен"),
        ("ҐАЛАҐАН", "ґалаґан"),
        ("ԵՐԵՎԱՆ", "երեվան"),
        ("Coeur d‑Alene", "d-alene"),
        ("Saint―Denis", "saint-denis"),
        ("N‟Djamena”", 'n"djamena'),
    ],
)
def test_capitals_and_dashes_are_alike_on_every_database(shown, typed):
    ada = UserFactory(name="Ada")
    row = login(user=ada, city=shown)
    assert finds(typed) == finds(shown) == [row]


@pytest.mark.parametrize("text", [*NAMES.values(), "`", "´", "a ´b", "΄᾽᾿´῾", "ƏƗ", "ԱՖ", "ӘҰҺ"])
def test_python_and_the_database_fold_alike(text):
    with connection.cursor() as cursor:
        expression = folding.sql("%s", connection.vendor)
        cursor.execute(f"SELECT {expression}", [text] * expression.count("%s"))
        assert cursor.fetchone() == (folding.fold(text),)
