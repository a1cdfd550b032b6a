"""With a read-only database every action reports that it failed, and no session ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.urls import reverse

from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import (
    IPHONE,
    LIST,
    TERMINATE_ALL,
    Browser,
    grown_old,
    row,
    terminate_url,
    text,
)
from tests.support.factories import PASSWORD, person

pytestmark = pytest.mark.django_db(transaction=True)

SAID = "Sessions that are still listed were not terminated"
OWN = reverse("sessions_admin:own")


@contextmanager
def read_only() -> Iterator[None]:
    """Make the database read-only, as after a failover or on a full disk."""
    on, off = {
        "sqlite": ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
        "postgresql": (
            "SET default_transaction_read_only = on",
            "SET default_transaction_read_only = off",
        ),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(on)
        try:
            yield
        finally:
            cursor.execute(off)


@pytest.fixture
def admin(acme):
    return Browser(ip="10.0.0.1").sign_in(person(acme, "Ada Admin", "admin"))


@pytest.fixture
def mia(acme):
    return Browser(IPHONE).sign_in(person(acme, "Mia Member"))


def nothing_has_ended(*browsers):
    assert all(browser.is_signed_in() for browser in browsers)
    assert not TrackedSession.objects.filter(ended_at__isnull=False).exists()
    assert not Termination.objects.exists()


@pytest.mark.parametrize("is_fresh", [True, False])
def test_terminate(admin, mia, is_fresh):
    if not is_fresh:
        grown_old(admin)
    address = terminate_url(row(mia))
    with read_only():
        answer = admin.post(address, follow=True)
    assert answer.status_code == 200
    assert SAID in text(answer)
    nothing_has_ended(admin, mia)


def test_terminate_in_the_dialog(admin, mia):
    address = terminate_url(row(mia))
    headers = {"HX-Request": "true", "HX-Target": "sa-sessions"}
    with read_only():
        answer = admin.post(address, headers=headers)
    assert answer.status_code == 200
    assert SAID in text(answer)
    nothing_has_ended(admin, mia)


def test_terminate_selected_and_all(admin, mia):
    selected = {"session": [row(mia).public_id, row(admin).public_id]}
    with read_only():
        answers = [
            admin.post(LIST + "terminate-selected/", selected, follow=True),
            admin.post(TERMINATE_ALL, follow=True),
            admin.post(TERMINATE_ALL, {"keep_current": "on"}, follow=True),
        ]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert all(SAID in text(answer) for answer in answers)
    nothing_has_ended(admin, mia)


def test_signing_out_of_ones_other_devices(admin):
    ada = row(admin).user
    phone = Browser(IPHONE).sign_in(ada)
    one = reverse("sessions_admin:sign_out", args=[row(phone).public_id])
    with read_only():
        answers = [
            admin.post(address, follow=True)
            for address in (one, reverse("sessions_admin:sign_out_others"))
        ]
    for answer in answers:
        assert answer.status_code == 200
        assert "reach the session store right now" in text(answer)
        assert "already signed out" not in text(answer)
    nothing_has_ended(admin, phone)


@pytest.mark.parametrize("password", [PASSWORD, "wrong"])
def test_proving_who_one_is(admin, password):
    grown_old(admin)
    with read_only():
        answer = admin.post(LIST + "confirm-password/", {"password": password})
    assert answer.status_code == 503
    assert "The database did not respond" in text(answer)
    assert "no-store" in answer["Cache-Control"]
    nothing_has_ended(admin)
    assert row(admin).wrong_passwords == 0


def test_reading_goes_on(admin, mia):
    with read_only():
        answers = [admin.get(address) for address in (LIST, OWN, TERMINATE_ALL)]
    assert [answer.status_code for answer in answers] == [200] * 3


def test_a_cookie_of_an_ended_session_is_answered(admin, mia):
    admin.post(terminate_url(row(mia)))
    with read_only():
        answer = mia.get(OWN)
        assert answer.status_code == 302
        page = mia.get(answer["Location"])
    assert page.status_code == 200
    assert "signed you out" in text(page)


def test_a_database_that_is_away_altogether_is_a_page_of_its_own(admin, monkeypatch):
    from django.db import OperationalError

    def away(*args, **kwargs):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("sessions_admin.policy.scope_of", away)
    answer = admin.get(LIST)
    assert answer.status_code == 503
    assert "The database did not respond" in text(answer)
