"""The accounts of a superuser's filter are read only for pages that show the filter."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.browsing import LIST, Browser
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "sa-sessions"}


@pytest.fixture
def operator(acme, mia):
    return Browser().sign_in(UserFactory(is_superuser=True))


def walks(browser, query, **headers):
    with CaptureQueriesContext(connection) as queries:
        page = browser.get(LIST + query, **headers)
    assert page.status_code == 200
    return sum("WITH RECURSIVE walk" in each["sql"] for each in queries), page


@pytest.mark.parametrize("query", ["", "?account={acme}", "?account=7000", "?account=+", "?q=mia"])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_once_for_a_page_with_filters(acme, operator, query, headers):
    number, page = walks(operator, query.format(acme=acme.pk), **headers)
    assert number == 1
    assert f'<option value="{acme.pk}"' in page.content.decode()


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?print=1", {}),
        ("?q=mia", HTMX | {"HTTP_HX_TRIGGER": "sa-filters"}),
        ("?q=mia", HTMX | {"HTTP_SA_FILTERS": "same"}),
        ("export/", {}),
    ],
)
def test_not_for_a_page_without(operator, query, headers):
    assert walks(operator, query, **headers)[0] == 0
