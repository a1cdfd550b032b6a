"""The ended-session notice where there are no messages, on pages of scripts, and not too late."""

from __future__ import annotations

import time

import pytest
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.template import engines as template_engines
from django.urls import include, path, reverse

from sessions_admin.models import TrackedSession
from sessions_admin.termination import terminate
from sessions_admin.tracking import ended_notice
from tests.support.browsing import Browser
from tests.support.factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

SENTENCE = "An administrator signed you out on "
NAVIGATION = {"HTTP_ACCEPT": "text/html,*/*;q=0.8", "HTTP_SEC_FETCH_MODE": "navigate"}
FETCH = {"HTTP_ACCEPT": "*/*", "HTTP_SEC_FETCH_MODE": "cors"}
ME = "/api/mobile/me/"


def shell(request):
    """The page of a single-page application, which is the same for everybody."""
    return HttpResponse("<div id=app></div>")


def data(request):
    return HttpResponse(status=200 if request.user.is_authenticated else 401)


def with_messages(request):
    """A page for everybody that shows messages."""
    text = "{% for message in messages %}{{ message }}{% endfor %}"
    greeting = "in" if request.user.is_authenticated else "out"
    page = template_engines["django"].from_string(text)
    return HttpResponse(f"{greeting} {page.render(request=request)}")


def adds_a_message(request):
    bool(request.user.is_authenticated)
    messages.info(request, "Saved.")
    return HttpResponseRedirect("/public/")


urlpatterns = [
    path("shell/", shell),
    path("data/", data),
    path("public/", with_messages),
    path("adds/", adds_a_message),
    path("sign-in/", shell),
    path("", include("sessions_admin.project.urls")),
]


@pytest.fixture(autouse=True)
def host(settings):
    settings.ROOT_URLCONF = __name__
    settings.LOGIN_URL = "/sign-in/"


@pytest.fixture
def mia():
    return MembershipFactory(user__name="Mia Member").user


@pytest.fixture
def browser(mia):
    """A browser whose session an admin has ended."""
    browser = Browser().sign_in(mia)
    terminate(TrackedSession.objects.all(), actor=UserFactory(), scope="All")
    return browser


def asked(browser):
    answer = browser.get(reverse("sessions_admin:ended_session"), **FETCH)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return answer.json()["ended_session"]


def says(answer):
    return SENTENCE in answer.content.decode()


def test_scripts_ask_after_a_refusal_and_get_it_once(browser):
    row = TrackedSession.objects.get()
    assert browser.get("/data/", **FETCH).status_code == 401
    found = asked(browser)
    assert found["reason"] == "terminated"
    assert found["ended_at"].startswith(row.ended_at.isoformat()[:19])
    assert found["message"].startswith(SENTENCE)
    assert asked(browser) is None


def test_scripts_ask_after_their_page_was_loaded_anew(browser):
    assert browser.get("/data/", **FETCH).status_code == 401
    for address in ("/shell/", "/sign-in/"):
        assert browser.get(address, **NAVIGATION).status_code == 200
    assert asked(browser)["reason"] == "terminated"
    assert asked(browser) is None


def test_scripts_may_ask_first(browser):
    assert asked(browser)["reason"] == "terminated"
    assert asked(browser) is None
    assert TrackedSession.objects.get().reuse_count == 1


def test_nobody_else_gets_it(browser, mia):
    browser.get("/data/", **FETCH)
    assert asked(Browser()) is None
    guesser = Browser()
    guesser.cookies["sessionid"] = "abcdefghijklmnopqrstuvwxyz012345"
    assert asked(guesser) is None
    assert asked(Browser().sign_in(mia)) is None


def test_head_does_not_use_it_up(browser):
    browser.get("/data/", **FETCH)
    assert browser.head(reverse("sessions_admin:ended_session"), **FETCH).status_code == 200
    assert asked(browser)["reason"] == "terminated"


def test_it_needs_no_sign_in_where_all_else_does(settings, browser):
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    again = Browser()
    again.cookies = browser.cookies
    assert again.get("/data/", **FETCH).status_code == 302
    assert asked(again)["reason"] == "terminated"


def test_the_page_that_finds_out_says_so(browser):
    answer = browser.get("/public/", **NAVIGATION)
    assert says(answer)
    assert not browser.cookies.get(ended_notice.COOKIE)
    assert not says(browser.get("/public/", **NAVIGATION))


def test_it_is_not_carried_past_a_sign_in(browser, mia):
    """The host's sign-in page shows no messages; they are shown on the pages behind it."""
    browser.get("/data/", **FETCH)
    assert not says(browser.get("/sign-in/", **NAVIGATION))
    browser.post("/accounts/login/", {"username": mia.email, "password": PASSWORD})
    answer = browser.get("/public/", **NAVIGATION)
    assert answer.content.decode().startswith("in")
    assert not says(answer)
    assert asked(browser) is None


def test_it_is_not_stored_with_other_messages(browser):
    browser.get("/data/", **FETCH)
    assert browser.get("/adds/", **NAVIGATION).status_code == 302
    answer = browser.get("/public/", **NAVIGATION).content.decode()
    assert answer.count(SENTENCE) == 1
    assert answer.count("Saved.") == 1
    assert not says(browser.get("/public/", **NAVIGATION))


def test_later_only_the_sign_in_page_shows_it(settings, browser, monkeypatch):
    browser.get("/data/", **FETCH)
    later = time.time() + 120
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    assert not says(browser.get("/public/", **NAVIGATION))
    settings.LOGIN_URL = "/public/"
    assert says(browser.get("/public/", **NAVIGATION))


def test_after_a_while_nobody_shows_it(settings, browser, monkeypatch):
    browser.get("/data/", **FETCH)
    later = time.time() + ended_notice.COOKIE_AGE + 1
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    settings.LOGIN_URL = "/public/"
    assert not says(browser.get("/public/", **NAVIGATION))
    assert asked(browser) is None
