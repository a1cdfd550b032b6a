"""Which sessions a page of the list shows: "51-100 of 5,090"."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sessions_admin.listing import counting
from sessions_admin.listing.counting import Count
from sessions_admin.models import Termination
from sessions_admin.views import sentences
from tests.support.browsing import LIST, TERMINATE_ALL, Browser, text
from tests.support.factories import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(acme, admin, settings):
    """Eight sessions on pages of three."""
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 3}
    mia = person(acme, "Mia Member")
    return [Browser().sign_in(mia) for _ in range(7)]


def hyphened(words):
    return words.replace("\u2013", "-")


def pages(admin, address=LIST):
    """Yield what each page shows, from the first to the last."""
    while address:
        answer = admin.get(address)
        yield hyphened(answer.context["range_text"])
        address = answer.context["older_url"]


def test_each_page_says_which_sessions_it_shows(admin, many):
    assert list(pages(admin)) == ["1-3 of 8", "4-6 of 8", "7-8 of 8"]
    assert list(pages(admin, LIST + "?q=mia")) == ["1-3 of 7", "4-6 of 7", "7 of 7"]
    assert "1-3 of 8" in hyphened(text(admin.get(LIST)))


@pytest.mark.parametrize("query", ["?sort=oldest", "?sort=oldest&q=mia", "?sort=last-active"])
def test_each_page_says_it_in_every_order(admin, many, query):
    number = 7 if "mia" in query else 8
    last = f"7-{number} of {number}" if number > 7 else "7 of 7"
    assert list(pages(admin, LIST + query)) == [f"1-3 of {number}", f"4-6 of {number}", last]


def test_each_page_of_a_log_entry_says_which_of_its_sessions_it_shows(admin, many):
    admin.post(TERMINATE_ALL, {"keep_current": "on"})
    entry = f"{LIST}termination-log/{Termination.objects.get().public_id}/"
    shown, query = [], ""
    while query is not None:
        answer = admin.get(entry + query)
        shown.append(hyphened(answer.context["range_text"]))
        query = answer.context["older_url"]
    assert shown == ["1-3 of 7", "4-6 of 7", "7 of 7"]


def test_on_the_last_page_the_total_is_known(admin, many, monkeypatch):
    monkeypatch.setattr(counting, "FOUND", 5)
    assert list(pages(admin, LIST + "?q=mia")) == ["1-3 of 5+", "4-6 of 6+", "7 of 7"]


def test_sessions_that_have_ended_do_not_count(admin, many):
    last = list(pages(admin))[-1]
    assert last == "7-8 of 8"
    many[-1].post("/accounts/logout/")
    assert list(pages(admin))[-1] == "7 of 7"


def test_one_page_says_nothing(admin, many):
    assert list(pages(admin, LIST + "?user=9999")) == [""]


def test_a_page_further_down_asks_no_more_statements(admin, many):
    second = admin.get(LIST).context["older_url"]
    taken = []
    for address in (LIST, second):
        with CaptureQueriesContext(connection) as captured:
            admin.get(address)
        taken.append(len(captured))
    assert taken[0] == taken[1]


def test_beyond_the_bound_only_the_total_is_shown(admin, many, monkeypatch):
    monkeypatch.setattr(counting, "BEFORE", 4)
    assert list(pages(admin)) == ["1-3 of 8", "4-6 of 8", ""]


def test_a_bounded_total():
    more = Count(10_000, is_more=True)
    assert hyphened(sentences.positions(Count(50), 50, more)) == "51-100 of 10,000+"
    assert hyphened(sentences.positions(Count(50), 50, Count(5090))) == "51-100 of 5,090"
