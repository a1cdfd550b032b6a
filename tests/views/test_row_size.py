"""What a row of the list costs in bytes and elements: times differ from machine to machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

from tests.support.browsing import IPHONE, LIST, Browser
from tests.support.factories import person

pytestmark = pytest.mark.django_db

BYTES = 1500
ELEMENTS = 30
# Everything that is the same in each row is made once a page.
COSTLY = ("include", "translate", "blocktranslate", "url", "icon", "with", "load")


@pytest.fixture
def page(acme, admin):
    """A list of twenty sessions, as a page of plain text and as its rows."""
    mia = person(acme, "Mia-Maria Member-Longname")
    for number in range(20):
        Browser(IPHONE, ip=f"198.51.100.{number}").sign_in(mia)
    return admin.get(LIST).content.decode()


@pytest.fixture
def rows(page):
    found = re.findall(r"<tr\b.*?</tr>", page.partition("<tbody")[2], re.S)
    assert len(found) > 20
    return found


def test_a_row_is_small(rows):
    sizes = [len(row.encode()) for row in rows if "sa-row-flags" not in row]
    assert max(sizes) <= BYTES
    elements = [len(re.findall(r"<[a-z]", row)) for row in rows if "sa-row-flags" not in row]
    assert max(elements) <= ELEMENTS


def test_icons_come_from_one_sprite(page, rows):
    assert not any("<path" in row for row in rows)
    used = set(re.findall(r'<use href="#([\w-]+)"', page))
    assert {"sa-phone", "sa-details"} <= used
    for name in used:
        assert page.count(f'id="{name}"') == 1


def test_the_template_of_a_row_makes_nothing_that_is_the_same_in_every_row():
    source = Path(get_template("sessions_admin/list/table.html").origin.name).read_text()
    row = source.partition("{% for row in rows %}")[2].rpartition("{% endfor %}")[0]
    assert len(row) > 1000
    tags = set(re.findall(r"{% (\w+)", row))
    assert tags & set(COSTLY) == set()
    assert "|" not in re.sub(r"{%.*?%}", "", row), "filters cost a call in every row"
