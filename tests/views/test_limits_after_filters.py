"""Counts and pages include only active sessions; ended ones take up no space."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from sessions_admin import engines
from sessions_admin.models import TrackedSession
from sessions_admin.termination import impact
from tests.support.browsing import IPHONE, LIST, TERMINATE_ALL, Browser, row, text
from tests.support.factories import MembershipFactory, person

pytestmark = pytest.mark.django_db

OWN = reverse("sessions_admin:own")


@pytest.fixture
def mia_herself():
    return MembershipFactory(user__name="Mia Member").user


def several(user, number):
    return [Browser(IPHONE).sign_in(user) for _ in range(number)]


def lose(browsers):
    """Remove these sessions from the store, as a cache may, and leave their rows."""
    engines.current().delete_many([browser.key for browser in browsers])


def shown(answer):
    """Return the public ids of the rows with a button."""
    return re.findall(r"/own/([0-9a-f-]{36})/sign-out/", answer.content.decode())


def next_page(answer):
    found = re.search(r'href="(\?after=[^"]+)"', answer.content.decode())
    return found and found[1]


class TestYourSessions:
    def test_all_of_sixty_are_on_its_pages_and_the_one_in_use_is_first(self, mia_herself):
        oldest = Browser().sign_in(mia_herself)
        others = several(mia_herself, 59)
        first = oldest.get(OWN)
        assert "60 active sessions" in text(first)
        assert first.content.decode().count("<tr ") == 1 + 51
        assert re.search(r"<tbody.*?This device", first.content.decode(), re.S)
        assert "This device" in first.content.decode().split("<tr ")[2]
        second = oldest.get(OWN + next_page(first))
        assert "60 active sessions" in text(second)
        assert next_page(second) is None
        on_pages = [*shown(first), *shown(second)]
        assert len(on_pages) == 59
        assert set(on_pages) == {str(row(each).public_id) for each in others}
        assert "This device" in text(second)

    def test_what_the_store_has_lost_takes_no_place(self, mia_herself):
        oldest = Browser().sign_in(mia_herself)
        second = Browser(IPHONE).sign_in(mia_herself)
        lose(several(mia_herself, 55))
        page = oldest.get(OWN)
        assert "2 active sessions" in text(page)
        assert shown(page) == [str(row(second).public_id)]

    def test_what_is_lost_is_not_counted_on_several_pages_either(self, mia_herself):
        browser = Browser().sign_in(mia_herself)
        many = several(mia_herself, 60)
        lose(many[:5])
        assert "56 active sessions" in text(browser.get(OWN))

    def test_a_place_that_is_none_shows_the_newest(self, mia_herself):
        browser = Browser().sign_in(mia_herself)
        assert "That page is gone" in text(browser.get(OWN + "?after=nonsense"))


class TestEndedMeanwhile:
    def sign_out(self, browser, session):
        address = reverse("sessions_admin:sign_out", args=[session.public_id])
        return browser.post(address, follow=True)

    def test_a_second_click_says_that_it_was_signed_out_already(self, mia_herself):
        laptop, (phone,) = Browser().sign_in(mia_herself), several(mia_herself, 1)
        session = row(phone)
        assert "Signed out of Safari on iPhone." in text(self.sign_out(laptop, session))
        again = self.sign_out(laptop, session)
        assert again.redirect_chain == [(OWN, 302)]
        assert "already signed out" in text(again)

    def test_so_does_a_session_that_the_store_has_lost(self, mia_herself):
        laptop, (phone,) = Browser().sign_in(mia_herself), several(mia_herself, 1)
        session = row(phone)
        lose([phone])
        assert "already signed out" in text(self.sign_out(laptop, session))

    def test_ended_sessions_of_others_do_not_exist(self, mia_herself):
        laptop = Browser().sign_in(mia_herself)
        stranger = Browser().sign_in(MembershipFactory().user)
        session = row(stranger)
        stranger.post("/accounts/logout/")
        assert self.sign_out(laptop, session).status_code == 404


def test_details_show_others_that_are_alive(admin, acme):
    mia = person(acme, "Mia Member")
    looked_at, *living = several(mia, 3)
    lose(several(mia, 12))
    page = admin.get(f"{LIST}{row(looked_at).public_id}/").content.decode()
    others = page[page.index("Other active sessions") :]
    for browser in living:
        assert str(row(browser).public_id) in others


def test_terminate_offers_everything_only_if_there_is_more(admin, acme):
    mia = person(acme, "Mia Member")
    (living,) = several(mia, 1)
    lose(several(mia, 2))
    page = text(admin.get(f"{LIST}{row(living).public_id}/terminate/"))
    assert "everything" not in page


class TestTheQuestionOfTerminateAll:
    def test_counts_what_is_alive_among_many_rows(self, admin, acme, monkeypatch):
        monkeypatch.setattr("sessions_admin.views.terminate.COUNTED_BY_STORE", 5)
        mia = person(acme, "Mia Member")
        several(mia, 2)
        lose(several(mia, 12))
        assert "Terminate 3 sessions?" in text(admin.get(TERMINATE_ALL))

    def test_names_ones_own_that_are_alive_and_counts_all_of_them(self, admin, monkeypatch):
        monkeypatch.setattr(impact, "OWN_NAMED", 2)
        ada = TrackedSession.objects.get(session_key=admin.key).user
        several(ada, 3)
        lose(several(ada, 4))
        page = text(admin.get(TERMINATE_ALL))
        assert "4 are yours: Safari on iPhone, Safari on iPhone and 2 more." in page

    def test_admins_without_a_living_session_are_not_named(self, admin, acme, monkeypatch):
        monkeypatch.setattr(impact, "PEOPLE_NAMED", 1)
        Browser().sign_in(person(acme, "Bob Both", "admin"))
        lose([Browser().sign_in(person(acme, f"Gone {n}", "admin")) for n in range(3)])
        page = text(admin.get(TERMINATE_ALL))
        assert "Admins who will also be signed out: Bob Both." in page

    def test_a_host_is_asked_about_people_who_are_alive(self, admin, acme, monkeypatch, settings):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"ADMINS_OF_ACCOUNTS": ""}
        monkeypatch.setattr(impact, "PEOPLE_ASKED_ABOUT", 1)
        Browser().sign_in(person(acme, "Bob Both", "admin"))
        lose([Browser().sign_in(person(acme, f"Gone {n}")) for n in range(3)])
        assert "Too many people" not in text(admin.get(TERMINATE_ALL))


def test_people_who_are_gone_crowd_nobody_out_of_the_suggestions(admin, acme):
    lose([Browser().sign_in(person(acme, f"Ann {n:02}")) for n in range(15)])
    Browser().sign_in(person(acme, "Ann Alive"))
    page = admin.get(LIST + "suggestions/people/?person=ann")
    assert "Ann Alive" in text(page)
    assert "Ann 0" not in text(page)


def test_news_are_of_what_is_alive(admin, acme):
    since = "2026-01-01T00:00:00%2B00:00"
    lose(several(person(acme, "Mia Member"), 3))
    assert "1 new" in text(admin.get(f"{LIST}news/?since={since}"))


def test_a_store_that_is_away_is_said_once_however_many_rows_there_are(admin, acme, monkeypatch):
    several(person(acme, "Mia Member"), 55)

    def away(*args):
        raise ConnectionError("refused")

    with monkeypatch.context() as patch:
        patch.setattr(engines.database.DatabaseEngine, "load_many", away)
        page = admin.get(LIST)
    assert page.content.decode().count("reach the session store right now") == 1
