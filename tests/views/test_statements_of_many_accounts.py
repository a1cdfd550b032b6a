"""Where accounts are typed, since there are many, a page still takes at most eight statements."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sessions_admin.listing import suggestions, trigrams
from tests.support.browsing import LIST, Browser
from tests.support.factories import AccountFactory, UserFactory, person

pytestmark = pytest.mark.django_db

MOST = 8


@pytest.fixture(autouse=True)
def crowd(monkeypatch, acme):
    monkeypatch.setattr(suggestions, "LISTED", 1)
    for account in (acme, AccountFactory(name="Other")):
        Browser().sign_in(person(account, f"Eva {account.name}"))


@pytest.mark.parametrize("page", ["", "login-records/"])
@pytest.mark.parametrize(
    "query", ["", "?account={}", "?account={}&q=eva", "?account={}&q=eva+acme"]
)
def test_for_who_sees_all(acme, page, query):
    browser = Browser().sign_in(UserFactory(is_superuser=True))
    # Each process asks once whether there is a trigram index.
    trigrams.has_search("default")
    with CaptureQueriesContext(connection) as captured:
        answer = browser.get(LIST + page + query.format(acme.pk))
    assert "Eva Acme" in answer.content.decode()
    assert '<select name="account"' not in answer.content.decode()
    assert len(captured) <= MOST, "\n".join(each["sql"][:150] for each in captured)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("", "No account with active sessions matches “{}”."),
        ("login-records/", "No account on record matches “{}”."),
    ],
)
def test_an_account_that_nobody_is_in_is_none(acme, page, said):
    browser = Browser().sign_in(UserFactory(is_superuser=True))
    empty = AccountFactory(name="Empty")
    body = browser.get(f"{LIST}{page}?account={empty.pk}").content.decode()
    assert said.format(empty.pk) in body
