"""Other people end and begin sessions at the moment of a termination."""

from __future__ import annotations

import pytest

from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import LIST, Browser, counts, listed
from tests.support.factories import UserFactory
from tests.termination.races.in_flight import (
    ROTATING,
    InFlight,
    assert_ended,
    is_signed_in,
    rotate,
    rows_of,
    sign_in_as,
    sign_out,
    terminate,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("engine"),
    pytest.mark.every_engine,
]


@pytest.mark.parametrize("place", ["before flushing", "before tracking", "before saving"])
def test_sign_out_and_terminate_side_by_side(admin, member, stop, place):
    browser = Browser().sign_in(member)
    leaving = InFlight(sign_out, browser, stop(place)).sent()
    terminate(admin, member)
    leaving.finish()

    assert_ended(admin, member, [browser.key, *leaving.keys])
    row = TrackedSession.objects.get(user=member)
    assert row.ended_at is not None
    assert row.session_key is None


@pytest.mark.parametrize("place", ROTATING)
def test_rotation_sign_out_and_terminate_side_by_side(admin, member, stop, place):
    browser = Browser().sign_in(member)
    rotating = InFlight(rotate, browser, stop(place)).sent()
    sign_out(browser_with(browser.key))
    terminate(admin, member)
    rotating.finish()

    assert_ended(admin, member, [browser.key, *rotating.keys])


def browser_with(key: str) -> Browser:
    browser = Browser()
    browser.cookies["sessionid"] = key
    return browser


def test_two_admins_terminate_one_session_side_by_side(admin, member, stop):
    other = Browser().sign_in(UserFactory(is_superuser=True))
    browser = Browser().sign_in(member)
    slower = InFlight(
        lambda as_other: terminate(as_other, member), other, stop("before terminating")
    ).sent()
    terminate(admin, member)
    slower.finish()

    assert_ended(admin, member, [browser.key])
    terminations = Termination.objects.values_list("requested", "ended", "already_gone", "failed")
    assert sorted(terminations) == [(1, 0, 1, 0), (1, 1, 0, 0)]


def select(user):
    """A request that terminates these sessions of the person, selected while they were active."""
    selected = {"session": rows_of(user)}
    return lambda admin: admin.post(f"{LIST}terminate-selected/", selected)


def test_signing_out_while_an_admin_terminates_the_selection(admin, member, stop):
    leaving, staying = Browser().sign_in(member), Browser().sign_in(member)
    slow = InFlight(select(member), admin, stop("before terminating")).sent()
    sign_out(leaving)
    slow.finish()

    assert_ended(admin, member, [staying.key])
    termination = Termination.objects.get()
    assert counts(termination) == (2, 1, 1, 0)
    ends = TrackedSession.objects.filter(user=member).order_by("pk")
    assert list(ends.values_list("end_reason", "termination")) == [
        ("signed_out", None),
        ("terminated", termination.pk),
    ]


def test_two_admins_terminate_one_selection_side_by_side(admin, member, stop):
    other = Browser().sign_in(UserFactory(is_superuser=True))
    for _ in range(2):
        Browser().sign_in(member)
    post = select(member)
    slower = InFlight(post, other, stop("before terminating")).sent()
    post(admin)
    slower.finish()

    numbers = sorted(map(counts, Termination.objects.all()))
    assert numbers == [(2, 0, 2, 0), (2, 2, 0, 0)]
    # Either names the sessions that the other has ended.
    for termination in Termination.objects.all():
        page = admin.get(f"{LIST}termination-log/{termination.public_id}/")
        assert len(page.context["over"]) == termination.already_gone
        assert len(page.context["rows"]) == termination.ended


@pytest.mark.parametrize("place", ["before tracking", "before saving", "inside save"])
def test_another_login_of_the_same_person_survives(admin, member, stop, place):
    browser = Browser().sign_in(member)
    arriving = InFlight(sign_in_as(member), Browser(), stop(place)).sent()
    ended = str(TrackedSession.objects.get(session_key=browser.key).public_id)
    assert admin.post(f"{LIST}{ended}/terminate/").status_code == 302
    assert arriving.finish().status_code == 302

    assert not is_signed_in(browser.key)
    assert is_signed_in(arriving.keys[0])
    survivor = str(TrackedSession.objects.get(session_key=arriving.keys[0]).public_id)
    assert set(listed(admin)) & set(rows_of(member)) == {survivor}


@pytest.mark.parametrize("place", ["before tracking", "before saving", "inside save"])
def test_signing_in_again_in_the_terminated_session(admin, member, stop, place):
    """The same person in the same session keeps the key; the list agrees with what is served."""
    browser = Browser().sign_in(member)
    again = InFlight(sign_in_as(member), browser, stop(place)).sent()
    first = str(TrackedSession.objects.order_by("pk").get(user=member, ended_at=None).public_id)
    assert admin.post(f"{LIST}{first}/terminate/").status_code == 302
    again.finish()

    keys = {browser.key, *again.keys}
    shown = len(set(listed(admin)) & set(rows_of(member)))
    assert shown == sum(is_signed_in(key) for key in keys)
    assert not is_signed_in(browser.key)
