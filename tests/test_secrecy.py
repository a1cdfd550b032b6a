"""The suite's watch for session keys sees one wherever it could leave the site."""

from __future__ import annotations

import logging

import pytest
from django.core.mail import EmailMessage
from django.http import HttpResponse
from django.urls import include, path
from django.utils import timezone

from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import Browser
from tests.support.factories import UserFactory
from tests.support.secrecy import watch

pytestmark = pytest.mark.django_db


def says_key(request):
    response = HttpResponse(request.session.session_key if "body" in request.GET else "")
    if "header" in request.GET:
        response["X-Session"] = request.session.session_key
    if "cookie" in request.GET:
        response.set_cookie("copy", request.session.session_key)
    return response


urlpatterns = [path("leak/", says_key), path("", include("sessions_admin.project.urls"))]


@pytest.fixture
def browser(settings):
    settings.ROOT_URLCONF = __name__
    return Browser().sign_in(UserFactory())


def seen():
    """Return what the watch has found, and clear it so that this test does not fail."""
    leaks, watch.leaks = watch.leaks, []
    return leaks


@pytest.mark.parametrize("place", ["body", "header", "cookie"])
def test_an_answer(browser, place):
    browser.get("/leak/")
    assert not seen()
    browser.get(f"/leak/?{place}")
    assert seen() == ["the answer to GET /leak/"]


def test_a_log_record_and_its_traceback(browser):
    logging.getLogger("sessions_admin").warning("Session %s", browser.key)
    assert len(seen()) == 1
    try:
        raise ValueError(browser.key)
    except ValueError:
        logging.getLogger("anything").exception("It failed")
    assert len(seen()) == 1


def test_a_mail(browser):
    EmailMessage("Hello", f"Your session is {browser.key}.", to=["a@example.com"]).send()
    assert set(seen()) == {"a mail"}


def test_what_is_saved(browser):
    Termination.objects.create(scope=f"The session {browser.key}")
    row = TrackedSession.objects.get()
    row.last_seen_at = timezone.now()
    row.save()
    assert seen() == ["Termination.scope"]
    row.user_agent = f"curl {browser.key}"
    row.save()
    assert seen() == ["TrackedSession.user_agent"]


def test_everything_a_person_can_reach_is_looked_at(browser):
    """The watch covers every page of the suite, because signing in already shows it keys."""
    assert browser.key in watch.keys


@pytest.mark.parametrize(
    "text",
    [
        "[Errno 28] No space left on device: '/srv/sessions/sessionid{key}'",
        "duplicate key value: Key (session_key)=({key}) already exists.",
    ],
)
def test_errors_of_others_that_name_a_key_are_logged_without_it(browser, text):
    text = text.format(key=browser.key)
    for logger in ("django.request", "sessions_admin.tracking"):
        logging.getLogger(logger).error("It failed: %s", text)
        try:
            raise OSError(text)
        except OSError:
            logging.getLogger(logger).exception("It failed")
    assert not seen()
