"""The list's links carry only the query parameters that the list knows."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from django.test import RequestFactory
from django.urls import reverse

from sessions_admin.models import TrackedSession
from sessions_admin.views import addresses
from tests.support.browsing import IPHONE, LIST, Browser
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    member = MembershipFactory()
    for number in range(20):
        Browser(IPHONE, ip=f"192.0.2.{number}").sign_in(member.user)
    return Browser().sign_in(UserFactory(is_superuser=True))


PAGES = ["list", "terminate_all", "news", "people", "accounts"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("query", ["x=1", "session=1", "csrfmiddlewaretoken=c", "q=iphone&Q=1"])
def test_what_no_page_knows_stands_in_no_page(admin, page, query):
    since = "2020-01-01T00:00:00Z"
    marked = "&".join(f"{part}unknownvalue" for part in query.split("&"))
    marked = marked.replace("q=iphoneunknownvalue", "q=iphone")
    answer = admin.get(f"{reverse(f'sessions_admin:{page}')}?{marked}&since={since}")
    assert answer.status_code == 200
    assert "unknownvalue" not in answer.content.decode()


def test_many_parameters_make_the_page_no_larger(admin):
    plain = len(admin.get(LIST).content)
    unknown = "&".join(f"{name}{number}={'y' * 30}" for name in "ab" for number in range(50))
    assert len(admin.get(f"{LIST}?{unknown}").content) < plain * 1.02
    known = f"user={'y' * 4000}&q={'z' * 4000}&after={'w' * 4000}"
    assert len(admin.get(f"{LIST}?{known}").content) < plain + 60_000


def test_the_page_of_one_session_and_its_question_carry_none_either(admin):
    row = TrackedSession.objects.filter(ip_address="192.0.2.7").get()
    for page in (f"{LIST}{row.public_id}/", f"{LIST}{row.public_id}/terminate/"):
        text = admin.get(f"{page}?q=iphone&x=unknownvalue").content.decode()
        assert "unknownvalue" not in text
        assert "q=iphone" in text


@pytest.mark.parametrize(
    "query",
    [
        "q=" + "iphone " * 100,
        "q=" + "a" * 190 + "++++++++++++++++++++++b",
        "user=" + "1" * 300,
        "application=" + "+" * 300 + "web",
        "application=+web",
        "country=" + "S" * 300,
        "account=" + "1" * 300,
        "person=" + "p" * 300,
    ],
)
def test_what_matches_nothing_matches_nothing_when_it_is_carried(admin, query):
    """A termination must not affect more sessions than the list that leads to it."""
    for _ in range(2):
        answer = admin.get(f"{LIST}?{query}")
        assert not answer.context["rows"]
        path, _, query = answer.context["terminate_all_url"].partition("?")
        assert len(query) < 300
        assert admin.get(f"{path}?{query}").status_code == 200
        admin.post(f"{path}?{query}", {"keep_current": "1"})
    assert TrackedSession.objects.filter(ended_at=None).count() == 21


def test_what_is_long_by_blanks_alone_is_carried_without_them():
    request = RequestFactory().get("/", {"q": " " * 5000 + "iphone" + " " * 5000})
    assert addresses.query_of_list(request)["q"].strip() == "iphone"


def test_the_order_of_what_is_known_stays():
    asked = "country=SI&x=1&q=a&after=b&q=c"
    request = RequestFactory().get(f"/?{asked}")
    assert addresses.query_of_list(request) == QueryDict("country=SI&q=c&after=b")
    assert addresses.query_of_list(request).urlencode() == "country=SI&q=c&after=b"
