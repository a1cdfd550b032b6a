"""A project whose resolver knows the account on some pages only, and others' answers."""

from __future__ import annotations

import logging

import pytest

from sessions_admin.models import TrackedSession
from sessions_admin.resolvers import NO_ACCOUNT, AccountRef, account_of
from sessions_admin.tracking.mark import MARK
from tests.support.browsing import LIST, Browser, listed, row
from tests.support.factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

ELSEWHERE = "/api/mobile/me/"
INSIDE = "/?inside"


def on_some_pages(request):
    """The account is known below one address only, as where a middleware sets it for some pages."""
    if "inside" in request.GET:
        return AccountRef(id="7", name="Acme")
    return NO_ACCOUNT if "left" in request.GET else None


def failing(request):
    if request.path == "/":
        return on_some_pages(request)
    raise RuntimeError("no database")


def a_model(request):
    return on_some_pages(request) or request.user


@pytest.fixture(params=["on_some_pages", "failing", "a_model"])
def resolver(request, settings):
    path = f"{__name__}.{request.param}"
    settings.SESSIONS_ADMIN = {**settings.SESSIONS_ADMIN, "ACCOUNT_RESOLVER": path}


@pytest.fixture
def browser(engine, resolver):
    browser = Browser().sign_in(UserFactory())
    assert row(browser).account_id == ""
    browser.get(INSIDE)
    assert (row(browser).account_id, row(browser).account_name) == ("7", "Acme")
    return browser


def test_a_session_keeps_its_account_on_other_pages(browser):
    browser.get(ELSEWHERE)
    assert row(browser).account_name == "Acme"
    browser.get(INSIDE)
    browser.get(ELSEWHERE)
    assert row(browser).account_name == "Acme"


def test_it_keeps_it_when_a_page_changes_its_key(browser):
    key = browser.key
    new = dict.fromkeys(("new_password1", "new_password2"), "a-better-password")
    browser.post("/accounts/password_change/", {"old_password": PASSWORD} | new)
    assert browser.key != key
    assert row(browser).account_name == "Acme"
    assert browser.session[MARK]["account"] == "7"


def test_it_keeps_it_when_its_key_changes_elsewhere(browser):
    session = browser.session
    session.cycle_key()
    session.save()
    browser.cookies["sessionid"] = session.session_key
    assert browser.get(ELSEWHERE).status_code == 200
    assert row(browser).account_name == "Acme"
    # The mark fits again, so that the next page inside writes nothing.
    last_seen = row(browser).last_seen_at
    browser.get(INSIDE)
    assert row(browser).last_seen_at == last_seen


def test_a_copy_of_it_has_the_same_account(browser):
    data = dict(browser.session.items())
    copy = Browser()
    session = type(browser.session)()
    session.update(data)
    session.create()
    copy.cookies["sessionid"] = session.session_key
    assert copy.get(ELSEWHERE).status_code == 200
    assert row(copy).pk != row(browser).pk
    assert row(copy).account_name == "Acme"


def test_it_leaves_the_account_when_the_project_says_so(browser):
    browser.get("/?left")
    assert (row(browser).account_id, row(browser).account_name) == ("", "")


def test_another_sign_in_starts_without_one(browser):
    user = UserFactory()
    browser.sign_in(user)
    assert TrackedSession.objects.get(user=user).account_id == ""


def test_the_account_s_admin_sees_it_all_the_time(settings, acme):
    path = f"{__name__}.acme_on_some_pages"
    settings.SESSIONS_ADMIN = {**settings.SESSIONS_ADMIN, "ACCOUNT_RESOLVER": path}
    admin = Browser().sign_in(MembershipFactory(account=acme, role="admin").user)
    browser = Browser().sign_in(MembershipFactory(account=acme).user)
    for address in (INSIDE, ELSEWHERE):
        browser.get(address, {"account": acme.pk} if address == INSIDE else None)
        assert str(row(browser).public_id) in listed(admin), address


def acme_on_some_pages(request):
    if pk := request.GET.get("account"):
        return AccountRef(id=pk, name="Acme")
    return None


def test_what_is_no_account_is_logged(rf, settings, caplog):
    path = f"{__name__}.a_model"
    settings.SESSIONS_ADMIN = {**settings.SESSIONS_ADMIN, "ACCOUNT_RESOLVER": path}
    request = rf.get(LIST)
    request.user = UserFactory()
    with caplog.at_level(logging.ERROR, "sessions_admin"):
        assert account_of(request) is None
    assert "no AccountRef but a User" in caplog.text
