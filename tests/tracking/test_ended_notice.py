"""The ended-session notice: the browser of an ended session learns the reason, once."""

from __future__ import annotations

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError, connection
from django.http import HttpResponse, HttpResponseRedirect
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from django.utils import timezone
from django.utils.formats import date_format

from sessions_admin.models import TrackedSession
from sessions_admin.termination import terminate
from sessions_admin.tracking import ended_notice
from tests.support.browsing import LIST, Browser
from tests.support.factories import PASSWORD, MembershipFactory, UserFactory

# Effects on other sessions wait for the transaction to commit.
pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/accounts/password_change/"
SIGN_IN = "/accounts/login/"
SENTENCE = "An administrator signed you out on "
ME = "/api/mobile/me/"
NAVIGATION = {"HTTP_ACCEPT": "text/html,*/*;q=0.8", "HTTP_SEC_FETCH_MODE": "navigate"}


def members_only(request):
    return HttpResponse("in") if request.user.is_authenticated else HttpResponseRedirect("/plain/")


def plain_sign_in(request):
    """A host's sign-in page that shows the sentence itself."""
    return HttpResponse(str(request.ended_session or "Sign in"))


urlpatterns = [
    path("members/", members_only),
    path("plain/", plain_sign_in),
    path("", include("sessions_admin.project.urls")),
]


@pytest.fixture
def operator():
    return UserFactory(is_superuser=True)


@pytest.fixture
def mia():
    return MembershipFactory(user__name="Mia Member", role="admin").user


@pytest.fixture
def browser(engine, mia):
    """Mia's browser, on each engine."""
    return Browser().sign_in(mia)


def end(operator, mia):
    sessions = TrackedSession.objects.filter(user=mia, ended_at=None)
    return terminate(sessions, actor=operator, scope="All of Mia's")


def says(answer):
    return SENTENCE in answer.content.decode()


def test_the_next_page_is_sign_in_with_the_reason_and_then_where_one_was_going(
    browser, operator, mia
):
    end(operator, mia)
    at = TrackedSession.objects.get(user=mia).ended_at
    answer = browser.get(PAGE, follow=True, **NAVIGATION)

    assert answer.redirect_chain == [(f"{SIGN_IN}?next={PAGE}", 302)]
    when = f"{date_format(at, 'j F Y')} at {date_format(at, 'H:i T')}"
    assert f"{SENTENCE}{when}." in answer.content.decode()
    assert not says(browser.get(SIGN_IN, **NAVIGATION))
    credentials = {"username": mia.email, "password": PASSWORD, "next": PAGE}
    answer = browser.post(SIGN_IN, credentials, follow=True, **NAVIGATION)
    assert answer.redirect_chain[-1][0] == PAGE
    assert not says(answer)
    assert ended_notice.COOKIE not in {k for k, c in browser.cookies.items() if c.value}


def test_going_straight_to_sign_in_shows_the_notice_there(browser, operator, mia):
    end(operator, mia)
    assert says(browser.get(SIGN_IN, **NAVIGATION))
    assert not says(browser.get(SIGN_IN, **NAVIGATION))


def test_a_form_that_was_open_is_no_loss(browser, operator, mia):
    end(operator, mia)
    answer = browser.post(PAGE, {"old_password": PASSWORD}, follow=True, **NAVIGATION)
    assert says(answer)


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_SEC_FETCH_MODE": "no-cors", "HTTP_ACCEPT": "image/avif,*/*"},
        {"HTTP_SEC_FETCH_MODE": "cors", "HTTP_ACCEPT": "*/*"},
        {"HTTP_ACCEPT": "image/webp,*/*;q=0.8"},
        {"HTTP_SEC_FETCH_MODE": "navigate", "HTTP_SEC_PURPOSE": "prefetch"},
        {"REQUEST_METHOD": "HEAD"},
    ],
)
def test_what_nobody_looks_at_neither_takes_nor_repeats_it(operator, mia, headers):
    browser = Browser().sign_in(mia)
    end(operator, mia)
    for _ in range(3):
        method = browser.head if "REQUEST_METHOD" in headers else browser.get
        assert not says(method(PAGE, follow=True, **headers))
    page = browser.get(PAGE, follow=True, **NAVIGATION)
    assert page.content.decode().count(SENTENCE) == 1
    assert not says(browser.get(SIGN_IN, **NAVIGATION))


def test_the_mobile_app_gets_a_reason_that_machines_read(browser, operator, mia):
    end(operator, mia)
    answer = browser.get(ME)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "session_terminated"
    assert answer.json()["error"]["message"].startswith(SENTENCE)
    assert browser.get(ME).json()["error"]["code"] == "signed_out"


def test_password_changed_elsewhere_has_a_sentence_of_its_own(browser, mia):
    mia.set_password("a-quite-different-9")
    mia.save()
    answer = browser.get(PAGE, follow=True, **NAVIGATION)
    assert "because your password was changed" in answer.content.decode()


@pytest.mark.parametrize("what", ["deactivated", "deleted", "signed out", "expired"])
def test_other_ends_show_no_notice(mia, what):
    browser = Browser().sign_in(mia)
    key = browser.key
    if what == "deactivated":
        mia.is_active = False
        mia.save()
    elif what == "deleted":
        mia.delete()
    elif what == "signed out":
        browser.post("/accounts/logout/")
        browser.cookies["sessionid"] = key
    else:
        SessionStore(key).delete()
        TrackedSession.objects.update(
            ended_at=timezone.now(), end_reason="expired", session_key=None
        )
    answer = browser.get(PAGE, follow=True, **NAVIGATION)
    assert answer.redirect_chain
    assert "sa-message" not in answer.content.decode()
    assert ended_notice.COOKIE not in browser.cookies


@pytest.mark.parametrize("value", ["terminated 1700000000", "terminated 1700000000:x:y", "x"])
def test_guessing_a_key_shows_no_notice(operator, mia, value):
    Browser().sign_in(mia)
    end(operator, mia)
    guesser = Browser()
    guesser.cookies["sessionid"] = "abcdefghijklmnopqrstuvwxyz012345"
    guesser.cookies[ended_notice.COOKIE] = value
    assert not says(guesser.get(PAGE, follow=True, **NAVIGATION))
    assert guesser.get(ME).json()["error"]["code"] == "signed_out"
    assert not TrackedSession.objects.exclude(reuse_count=0).exists()


@pytest.fixture
def without_messages(settings):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [m for m in settings.MIDDLEWARE if "messages" not in m]


def test_without_the_messages_framework_the_page_tells_by_itself(without_messages, operator, mia):
    browser = Browser()
    browser.force_login(mia)
    browser.get("/members/")
    end(operator, mia)
    assert says(browser.get("/members/", follow=True, **NAVIGATION))
    assert not says(browser.get("/plain/", **NAVIGATION))


def test_the_middleware_may_stand_after_messages_or_before(settings, operator, mia):
    tracker = "sessions_admin.middleware.TrackedSessionMiddleware"
    settings.MIDDLEWARE = [*(m for m in settings.MIDDLEWARE if m != tracker), tracker]
    browser = Browser().sign_in(mia)
    end(operator, mia)
    assert says(browser.get(PAGE, follow=True, **NAVIGATION))


def test_a_look_up_that_fails_breaks_nothing(operator, mia, monkeypatch, caplog):
    browser = Browser().sign_in(mia)
    end(operator, mia)

    def broken(key):
        raise DatabaseError("away")

    monkeypatch.setattr("sessions_admin.tracking.ended_notice._find_row", broken)
    assert browser.get(PAGE).status_code == 302
    assert "could not be handled" in caplog.text


def test_a_session_of_nobody_is_not_looked_up(client):
    session = client.session
    session["language"] = "de"
    session.save()
    client.cookies["sessionid"] = session.session_key
    with CaptureQueriesContext(connection) as captured:
        client.get(ME)
    assert not [query for query in captured if "key_digest" in query["sql"]]


def test_an_ended_cookie_costs_one_look_up_and_one_note(operator, mia):
    browser = Browser().sign_in(mia)
    key = browser.key
    end(operator, mia)
    for _ in range(3):
        browser.cookies["sessionid"] = key
        with CaptureQueriesContext(connection) as captured:
            browser.get(ME)
        ours = [query["sql"] for query in captured if "sessions_admin" in query["sql"]]
        assert [sql.split()[0] for sql in ours] == ["SELECT", "UPDATE"]
    assert TrackedSession.objects.get(user=mia).reuse_count == 3


def test_ones_own_end_is_no_try(mia):
    browser = Browser().sign_in(mia)
    row = TrackedSession.objects.get(user=mia)
    browser.post(f"{LIST}{row.public_id}/terminate/", follow=True)
    row.refresh_from_db()
    assert (row.end_reason, row.reuse_count) == ("terminated", 0)
