"""What a row of the list costs in bytes and elements: times differ from machine to machine."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from django.template.loader import get_template

from tests.support.browsing import IPHONE, LIST, Browser
from tests.support.factories import person

pytestmark = pytest.mark.django_db

BYTES = 1500
# Each takes a browser some 50 microseconds, from the answer to the picture.
ELEMENTS = 24


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


def test_icons_of_every_row_are_pictures(rows):
    """But those of flags, which few rows have, come from a sprite in the page."""
    assert any('data-kind="phone"' in row for row in rows)
    assert not any("<svg" in row for row in rows if "sa-row-flags" not in row)


def test_the_icons_of_flags_come_from_one_sprite(admin):
    page = admin.get(LIST).content.decode()
    for name in ("far", "country", "device", "many", "idle"):
        assert page.count(f'id="sa-flag-{name}"') == 1


def test_templates_of_rows_are_not_rendered_again(page, admin):
    """The first page in a language has rendered them."""
    answer = admin.get(LIST)
    times = Counter(template.name for template in answer.templates)
    assert times["sessions_admin/list/row.html"] == 0
    assert times["sessions_admin/list/row_flag.html"] == 0
    assert times["sessions_admin/list/row_chips.html"] <= 3
    assert sum(times.values()) < 100


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("list/row", "row"), ("list/row_flag", "flag"), ("list/print_row", "row")),
        *(("login_records/row", "row"), ("login_records/row", "record")),
    ],
)
def test_templates_of_rows_have_plain_values_only(name, value):
    source = Path(get_template(f"sessions_admin/{name}.html").origin.name).read_text()
    used = re.findall(rf"{{[{{%][^}}]*\b{value}\.[^}}]*}}}}", source)
    assert used
    assert all(re.fullmatch(rf"{{{{ {value}\.\w+ }}}}", each) for each in used)
