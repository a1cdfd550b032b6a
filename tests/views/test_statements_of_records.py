"""A page of login records asks at most eight statements, whatever is searched and filtered."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sessions_admin.listing import trigrams
from tests.support.browsing import LIST, Browser
from tests.support.factories import AccountFactory, UserFactory, person
from tests.views.test_login_records import ended

pytestmark = pytest.mark.django_db

RECORDS = LIST + "login-records/"
MOST = 8


@pytest.fixture
def elsewhere(acme):
    """Another admin of the account, who has been signed in to another account."""
    user = person(acme, "Olga Outside", role="admin")
    other = AccountFactory(name="Other")
    ended(user, "expired", account_id=str(other.pk), account_name="Other")
    return user


@pytest.fixture
def many(acme):
    """More records than a page has, some people with a few of them, and one with many."""
    for n in range(6):
        user = person(acme, f"Eva Ended {n}")
        for days in range(10):
            ended(user, "signed_out", days=days)
    return user


QUERIES = [
    "",
    "?status=active",
    "?status=expired",
    "?status=signed_out",
    "?flag=far&flag=country",
    "?within=30d&country=SI&application=web&method=password",
    "?q=eva",
    "?q=eva+ended+chrome+203.0.113.7",
    "?q=eva&status=signed_out&account={account}",
    "?user={user}",
    "?user={user}&account={account}&q=eva+chrome",
]


@pytest.mark.parametrize("query", QUERIES)
def test_for_an_account_admin(admin, acme, many, elsewhere, query):
    Browser().sign_in(many)
    assert statements(admin, query.format(account=acme.pk, user=many.pk)) <= MOST


@pytest.mark.parametrize("query", QUERIES)
def test_for_who_sees_all(acme, many, query):
    browser = Browser().sign_in(UserFactory(is_superuser=True))
    assert statements(browser, query.format(account=acme.pk, user=many.pk)) <= MOST


def test_position_of_a_page_further_down_costs_none(admin, many):
    first = admin.get(RECORDS)
    older = next(link for link in first.content.decode().split('href="') if "after=" in link)
    assert statements(admin, "?" + older.split('"')[0].partition("?")[2]) <= MOST


def statements(browser, query):
    """Return how many statements this page of records takes."""
    # Each process asks once whether there is a trigram index.
    trigrams.has_search("default")
    with CaptureQueriesContext(connection) as captured:
        answer = browser.get(RECORDS + query)
    assert answer.status_code == 200
    return len(captured)
