"""Keys rotated before, during and after a termination."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.conf import settings as site

from tests.support.browsing import Browser, listed
from tests.termination.races.in_flight import (
    ROTATING,
    InFlight,
    assert_ended,
    is_signed_in,
    me,
    note,
    rotate,
    rows_of,
    terminate,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("engine"),
    pytest.mark.every_engine,
]


@pytest.mark.parametrize("place", ROTATING)
def test_key_rotated_in_flight(admin, member, stop, rotation, place):
    browser, send = rotation
    rotating = InFlight(send, browser, stop(place)).sent()
    terminate(admin, member)
    rotating.finish()

    assert_ended(admin, member, [browser.key, *rotating.keys])


def test_key_rotated_before(admin, member, rotation):
    browser, send = rotation
    rotated = InFlight(send, browser).sent()
    rotated.finish()
    assert rotated.keys != [browser.key]
    assert is_signed_in(rotated.keys[0])
    terminate(admin, member)

    assert_ended(admin, member, [browser.key, *rotated.keys])


@pytest.mark.parametrize("place", ["claimed", "refused"])
@pytest.mark.parametrize("send", [rotate, note, me])
def test_request_while_terminate_is_half_done(admin, member, stop, place, send):
    browser = Browser().sign_in(member)
    ending = InFlight(lambda as_admin: terminate(as_admin, member), admin, stop(place)).sent()
    meanwhile = InFlight(send, browser).sent()
    # The request finishes, or waits for the row that the termination has locked.
    meanwhile.join(0.3)
    ending.finish()
    meanwhile.finish()

    assert_ended(admin, member, [browser.key, *meanwhile.keys])


def test_two_rotations_of_one_session_side_by_side(admin, member, stop, rotation):
    """Both requests have read the session, so each moves its data to a new key."""
    browser, send = rotation
    second = InFlight(send, browser, stop("before rotating")).sent()
    first = InFlight(send, browser).sent()
    first.finish()
    second.finish()
    keys = [browser.key, *first.keys, *second.keys]
    living = [key for key in keys if is_signed_in(key)]
    assert len(set(listed(admin)) & set(rows_of(member))) == len(living)
    terminate(admin, member)

    assert_ended(admin, member, keys)


@pytest.mark.parametrize("place", ROTATING)
def test_second_rotation_after_the_termination(admin, member, stop, place):
    browser = Browser().sign_in(member)
    second = InFlight(rotate, browser, stop(place)).sent()
    first = InFlight(rotate, browser).sent()
    first.finish()
    terminate(admin, member)
    second.finish()

    assert_ended(admin, member, [browser.key, *first.keys, *second.keys])


@pytest.mark.parametrize("send", [note, me])
def test_late_copy_of_the_key_before_a_rotation(engine, admin, member, stop, send):
    """A late save or fill restores the old key, while the row has the new one."""
    browser = Browser().sign_in(member)
    if send is me:
        if not engine.startswith("cached_db"):
            pytest.skip("only cached_db fills its cache when it reads")
        store = import_module(site.SESSION_ENGINE).SessionStore(browser.key)
        store._cache.delete(store.cache_key)
    late = InFlight(send, browser, stop("writing" if send is me else "inside save")).sent()
    rotated = InFlight(rotate, browser).sent()
    rotated.finish()
    late.finish()
    terminate(admin, member)

    assert_ended(admin, member, [browser.key, *rotated.keys, *late.keys])


def test_rotation_of_a_session_that_was_already_gone(admin, member, stop):
    """The termination finds nothing in the store, but a request in flight holds the data."""
    browser = Browser().sign_in(member)
    rotating = InFlight(rotate, browser, stop("before rotating")).sent()
    import_module(site.SESSION_ENGINE).SessionStore(browser.key).delete()
    terminate(admin, member)
    rotating.finish()

    assert_ended(admin, member, [browser.key, *rotating.keys])
