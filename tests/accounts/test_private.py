"""No page of a signed-in person may be cached, anywhere on the site."""

from __future__ import annotations

import pytest
from django.contrib.staticfiles import finders

from sessions_admin.models import TrackedSession
from tests.faults.hostile_requests import routes
from tests.support.browsing import LIST, Browser
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    person = UserFactory(is_superuser=True, is_staff=True)
    MembershipFactory(user=person)
    return Browser().sign_in(person)


def addresses():
    row = TrackedSession.objects.get()
    for route in sorted(set(routes())):
        yield route.replace("<uuid:public_id>", str(row.public_id))
    yield from (
        "/admin/",
        "/admin/accounts/user/",
        "/admin/jsi18n/",
        "/no-such-page/",
        "/admin/nope/",
    )


def test_every_page_of_somebody_signed_in(admin):
    key = admin.key
    for address in addresses():
        for method in ("get", "post"):
            admin.cookies["sessionid"] = key
            answer = getattr(admin, method)(address)
            said = answer["Cache-Control"]
            assert "no-store" in said, (method, address)
            assert "private" in said, (method, address)
            assert "public" not in said, (method, address)


def test_the_answer_that_signs_in():
    assert "no-store" in Browser().post("/accounts/login/", {})["Cache-Control"]
    person = UserFactory()
    browser = Browser()
    browser.sign_in(person)
    answer = browser.get("/")
    assert "no-store" in answer["Cache-Control"]


def test_static_files_may_be_kept(admin):
    assert finders.find("site.css")
    answer = admin.get("/static/site.css")
    assert answer.status_code == 200
    assert "no-store" not in answer.get("Cache-Control", "")


def test_pages_for_strangers_are_as_they_were():
    answer = Browser().get("/accounts/password_reset/done/")
    assert answer.status_code == 200
    assert "no-store" not in answer.get("Cache-Control", "")
    assert Browser().get(LIST).status_code == 302
