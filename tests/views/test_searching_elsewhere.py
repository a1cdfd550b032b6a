"""Searching for the account of admins who are signed in elsewhere: as shown, and not by name."""

from __future__ import annotations

import re

import pytest

from tests.support.browsing import IPHONE, LIST, TERMINATE_ALL, Browser, listed, row, text
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

RECORDS = LIST + "login-records/"
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def recorded(browser, query):
    page = browser.get(f"{RECORDS}{query}")
    assert page.status_code == 200
    return set(UUID.findall(page.content.decode()))


@pytest.mark.parametrize("q", ["Another+account", "another", "ANOTHER+ACCOUNT+bob"])
def test_what_the_row_shows_finds_it(admin, bob, mia, q):
    assert listed(admin, f"?q={q}") == [str(row(bob).public_id)]
    assert str(row(bob).public_id) in recorded(admin, f"?q={q}")


def test_it_is_searched_in_the_language_of_the_reader(admin, bob, mia):
    admin.cookies["django_language"] = "de"
    assert "Ein anderes Konto" in text(admin.get(LIST))
    assert listed(admin, "?q=ein+anderes+konto") == [str(row(bob).public_id)]
    assert listed(admin, "?q=another") == []


def test_no_other_row_says_so(admin, bob, acme):
    """Neither a session in no account nor one in an account that is named."""
    ann = UserFactory(name="Ann Accountless")
    browser = Browser(IPHONE).sign_in(ann)
    MembershipFactory(user=ann, account=acme, role="owner")
    assert row(browser).account_id == ""
    assert str(row(browser).public_id) in listed(admin)
    assert listed(admin, "?q=another") == [str(row(bob).public_id)]
    zoe = Browser().sign_in(UserFactory(is_superuser=True))
    assert listed(zoe, "?q=another") == []


def test_terminate_all_matching_ends_those(admin, bob, mia):
    admin.post(f"{TERMINATE_ALL}?q=another+account")
    assert [b.is_signed_in() for b in (bob, mia, admin)] == [False, True, True]


def test_the_name_is_not_found_out_when_only_ended_sessions_are_elsewhere(admin, bob):
    public_id = str(row(bob).public_id)
    bob.post("/accounts/logout/")
    assert public_id in recorded(admin, "?q=bob")
    for q in ("zebra", "z", "ltd", "zebrafish+ltd"):
        assert public_id not in recorded(admin, f"?q={q}"), q
    assert public_id in recorded(admin, "?q=another+account")
