"""One reauthentication allows a few single terminations, but not a loop of them."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections

from sessions_admin import reauthentication
from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import LIST, Browser, grown_old, row, terminate_url
from tests.support.factories import PASSWORD, person

pytestmark = pytest.mark.django_db

CONFIRM = LIST + "confirm-password/"
SELECTED = LIST + "terminate-selected/"


@pytest.fixture
def stale(admin):
    """The admin's browser, whose last reauthentication is too old."""
    return grown_old(admin)


def members(acme, number):
    return [Browser().sign_in(person(acme, f"Member {each}")) for each in range(number)]


def asks(answer):
    return answer.status_code == 302 and urlsplit(answer["Location"]).path == CONFIRM


def signed_in(browsers):
    return sum(browser.is_signed_in() for browser in browsers)


def test_the_handful_and_one_more(stale, acme):
    people = members(acme, 11)
    answers = [stale.post(terminate_url(row(each)), {"reason": "Odd"}) for each in people[:10]]
    assert not any(map(asks, answers))
    assert signed_in(people) == 1
    last = terminate_url(row(people[-1]))
    assert asks(stale.get(last))
    assert asks(stale.post(last, {"reason": "A lost phone"}))
    assert signed_in(people) == 1
    assert Termination.objects.count() == 10

    # Reauthentication leads back to the confirmation, which remembers the reason.
    answer = stale.post(CONFIRM, {"password": PASSWORD, "next": last}, follow=True)
    assert 'value="A lost phone"' in answer.content.decode()
    stale.post(last)
    assert signed_in(people) == 0


def test_a_fresh_proof_has_no_such_limit_and_begins_the_count_anew(admin, acme):
    people = members(acme, 13)
    for each in people[:11]:
        admin.post(terminate_url(row(each)))
    assert signed_in(people) == 2
    grown_old(admin)
    TrackedSession.objects.filter(pk=row(admin).pk).update(singles=10)
    assert asks(admin.post(terminate_url(row(people[-1]))))
    admin.post(CONFIRM, {"password": PASSWORD})
    assert row(admin).singles == 0


def test_a_selection_of_one_counts_too(stale, acme):
    people = members(acme, 11)
    for each in people[:10]:
        assert not asks(stale.post(SELECTED, {"session": row(each).public_id}))
    assert asks(stale.post(SELECTED, {"session": row(people[-1]).public_id}))
    assert asks(stale.get(SELECTED, {"session": row(people[-1]).public_id}))
    assert signed_in(people) == 1


def test_a_new_key_is_no_new_beginning(stale, acme, globex):
    people = members(acme, 11)
    for each in people[:10]:
        stale.post(terminate_url(row(each)))
    session = SessionStore(stale.key)
    session.cycle_key()
    stale.cookies["sessionid"] = session.session_key
    assert stale.is_signed_in()
    assert asks(stale.post(terminate_url(row(people[-1]))))


def test_a_session_without_a_row_is_asked_first(stale, acme, monkeypatch):
    (mia,) = members(acme, 1)
    address = terminate_url(row(mia))
    monkeypatch.setattr("sessions_admin.tracking.follow", lambda request: None)
    TrackedSession.objects.filter(pk=row(stale).pk).delete()
    assert asks(stale.post(address))


@pytest.mark.django_db(transaction=True)
def test_requests_side_by_side_are_counted_too(stale, acme):
    people = members(acme, 16)
    addresses = [terminate_url(row(each)) for each in people]

    def post(address):
        thief = Browser()
        thief.cookies["sessionid"] = stale.key
        thief.post(address)
        connections.close_all()

    threads = [threading.Thread(target=post, args=[address]) for address in addresses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Termination.objects.count() <= reauthentication.SINGLES
    assert signed_in(people) >= 6
