"""Before a bulk termination: the admin's own sessions, and other admins who stay signed in."""

from __future__ import annotations

import re
from html import unescape

import pytest

from sessions_admin import engines
from sessions_admin.termination import impact
from tests.support.browsing import IPHONE, TERMINATE_ALL, Browser
from tests.support.factories import AccountFactory, UserFactory, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(acme):
    return person(acme, "Ada Admin", "admin")


@pytest.fixture
def admin(ada):
    return Browser().sign_in(ada)


def said(browser, query=""):
    answer = browser.get(TERMINATE_ALL + query)
    body = re.sub(r"<(svg|head)\b.*?</\1>", " ", answer.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_ones_own_are_named_by_device_the_present_one_marked(admin, ada, acme):
    Browser(IPHONE).sign_in(ada)
    Browser().sign_in(person(acme, "Mia Member"))
    assert ("2 are yours: Safari on iPhone, Chrome on Windows (the one you're using now).") in said(
        admin
    )
    assert "Your own sessions are not affected." in said(admin, "?q=mia")


def test_other_admins_who_go_too_and_members_who_do_not_count(admin, acme):
    Browser().sign_in(person(acme, "Bob Both", "owner"))
    Browser().sign_in(person(acme, "Olga Owner", "owner"))
    Browser().sign_in(person(acme, "Mia Member"))
    text = said(admin)
    assert "Admins who will also be signed out: Bob Both and Olga Owner." in text
    assert "No admin will stay signed in." in text


def test_other_admins_who_stay(admin, acme):
    Browser().sign_in(person(acme, "Bob Both", "owner"))
    Browser(IPHONE).sign_in(person(acme, "Mia Member"))
    assert "Admins who stay signed in: Bob Both." in said(admin, "?q=iphone")


def test_who_is_signed_in_elsewhere_as_well_stays(admin, acme):
    bob = person(acme, "Bob Both", "owner")
    for agent in (IPHONE, "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Firefox/144.0"):
        Browser(agent).sign_in(bob)
    text = said(admin, "?q=iphone")
    assert "Admins who stay signed in: Bob Both." in text
    assert "also be signed out" not in text


def test_whose_session_the_store_has_lost_does_not_stay(admin, acme):
    bob = Browser().sign_in(person(acme, "Bob Both", "owner"))
    Browser(IPHONE).sign_in(person(acme, "Mia Member"))
    engines.current().delete_many([bob.key])
    assert "No other admins are signed in." in said(admin, "?q=iphone")


def test_admins_of_other_accounts_are_not_spoken_of(admin, acme):
    Browser().sign_in(person(AccountFactory(), "Gus Globex", "owner"))
    assert "No other admins are signed in." in said(admin)


def test_superusers_see_admins_of_any_account(acme):
    Browser().sign_in(person(acme, "Bob Both", "owner"))
    operator = Browser().sign_in(UserFactory(is_superuser=True))
    assert "Admins who will also be signed out: Bob Both." in said(operator)


def test_too_many_people_to_ask_about(admin, acme, monkeypatch, settings):
    settings.SESSIONS_ADMIN = {**settings.SESSIONS_ADMIN, "ADMINS_OF_ACCOUNTS": ""}
    monkeypatch.setattr(impact, "PEOPLE_ASKED_ABOUT", 1)
    for name in ("Mia Member", "Max Member"):
        Browser().sign_in(person(acme, name))
    assert "too many people to check" in said(admin)
