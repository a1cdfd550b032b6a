"""Everybody sees their own active sessions and can sign out on other devices."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.urls import reverse

from sessions_admin import engines, reauthentication
from sessions_admin.models import Termination
from tests.support.browsing import IPHONE, Browser, row, text
from tests.support.factories import PASSWORD, MembershipFactory

pytestmark = pytest.mark.django_db

OWN = reverse("sessions_admin:own")
END_OTHERS = reverse("sessions_admin:sign_out_others")


@pytest.fixture
def mia():
    return MembershipFactory(user__name="Mia Member").user


@pytest.fixture
def laptop(mia):
    return Browser().sign_in(mia)


@pytest.fixture
def phone(mia, laptop):
    return Browser(IPHONE).sign_in(mia)


@pytest.fixture
def stranger():
    return Browser().sign_in(MembershipFactory(user__name="Sam Stranger").user)


def end(browser, session):
    return browser.post(reverse("sessions_admin:sign_out", args=[session.public_id]))


def test_a_member_sees_their_own_and_nobody_elses(laptop, phone, stranger):
    page = laptop.get(OWN).content.decode()
    assert "2 active sessions" in page
    assert re.search(r"<td.*Windows.*This device", page, re.S)
    assert str(row(phone).public_id) in page
    assert str(row(stranger).public_id) not in page
    assert laptop.key not in page


def test_what_has_ended_is_not_there(laptop, phone):
    engines.current().delete_many([phone.key])
    page = laptop.get(OWN).content.decode()
    assert "1 active session<" in page
    assert "Sign out all other devices" not in page


def test_ending_one_signs_out_there_immediately_and_says_so_there(laptop, phone):
    session = row(phone)
    answer = end(laptop, session)
    assert answer["Location"] == OWN
    assert not phone.is_signed_in()
    assert laptop.is_signed_in()
    assert "Signed out of Safari on iPhone." in laptop.get(OWN).content.decode()
    session.refresh_from_db()
    assert session.end_reason == "signed_out_elsewhere"
    # Not an administrative act.
    assert not Termination.objects.exists()


def test_its_browser_hears_that_its_person_did_it(laptop, phone):
    end(laptop, row(phone))
    page = phone.get(OWN, follow=True).content.decode()
    assert "You signed this device out from another device" in page


def test_ending_all_others_keeps_this_one(laptop, phone, mia, stranger):
    tablet = Browser(IPHONE).sign_in(mia)
    laptop.post(END_OTHERS)
    assert [b.is_signed_in() for b in (laptop, phone, tablet)] == [True, False, False]
    assert stranger.is_signed_in()


def test_ending_all_others_asks_first_and_says_how_many(laptop, phone, mia):
    Browser(IPHONE).sign_in(mia)
    assert f'href="{END_OTHERS}"' in laptop.get(OWN).content.decode()
    question = text(laptop.get(END_OTHERS))
    assert "Sign out of all other devices?" in question
    assert "signed out of 2 other devices immediately. This device stays signed in." in question
    assert question.count("Safari on iPhone") == 2
    assert "Chrome on Windows" not in question
    assert phone.is_signed_in()
    laptop.post(END_OTHERS, follow=True)
    assert "You're not signed in on any other device." in text(laptop.get(END_OTHERS, follow=True))


def test_who_proved_who_they_are_too_long_ago_is_asked_again(laptop, phone):
    session = SessionStore(laptop.key)
    session[reauthentication.PROVED_AT] -= 901
    session.save()
    for answer in (end(laptop, row(phone)), laptop.get(END_OTHERS), laptop.post(END_OTHERS)):
        assert answer["Location"].startswith(reverse("sessions_admin:reauthenticate"))
    assert phone.is_signed_in()
    confirm = laptop.post(
        reverse("sessions_admin:reauthenticate"), {"password": PASSWORD, "next": OWN}
    )
    assert confirm["Location"] == OWN
    end(laptop, row(phone))
    assert not phone.is_signed_in()


def test_the_sessions_of_others_and_ones_present_one_do_not_exist_here(laptop, stranger):
    assert end(laptop, row(stranger)).status_code == 404
    assert end(laptop, row(laptop)).status_code == 404
    assert stranger.is_signed_in()
    assert laptop.is_signed_in()


def test_a_store_that_does_not_answer_ends_nothing_and_says_so(laptop, phone, monkeypatch):
    def away(*args, **kwargs):
        raise ConnectionError("refused")

    with monkeypatch.context() as patch:
        patch.setattr(engines.database.DatabaseEngine, "delete_many", away)
        answer = laptop.post(END_OTHERS, follow=True)
    assert "We can't reach the session store right now." in text(answer)
    assert phone.is_signed_in()


def test_signed_out_people_sign_in_first(phone):
    for address in (OWN, END_OTHERS):
        answer = Client().post(address) if address == END_OTHERS else Client().get(address)
        assert answer.status_code == 302
        assert "/accounts/login/" in answer["Location"]
    assert phone.is_signed_in()


def test_forms_from_elsewhere_are_refused(mia, phone):
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(mia)
    assert browser.post(END_OTHERS).status_code == 403
    assert phone.is_signed_in()


@pytest.mark.parametrize("rows", [1, 10, 40])
def test_statements_do_not_grow(laptop, mia, rows, django_assert_num_queries):
    for _ in range(rows):
        Browser(IPHONE).sign_in(mia)
    laptop.get(OWN)
    with django_assert_num_queries(6):
        laptop.get(OWN)


def test_the_exact_time_follows_with_the_comma_of_the_language(laptop):
    laptop.cookies["django_language"] = "ar"
    assert '<span class="sa-hidden">، ' in laptop.get(OWN).content.decode()
