"""Under ASGI, with async middleware before ours that reads the user."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import AsyncClient
from django.urls import path
from django.utils.decorators import async_only_middleware

from sessions_admin.models import TrackedSession
from sessions_admin.termination import terminate
from tests.support.browsing import Browser
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

TRACKER = "sessions_admin.middleware.TrackedSessionMiddleware"


@async_only_middleware
def reads_user(get_response):
    async def middleware(request):
        await request.auser()
        return await get_response(request)

    return middleware


async def seen(request):
    people = [await request.auser(), request.user]
    return HttpResponse(status=200 if any(each.is_authenticated for each in people) else 401)


urlpatterns = [path("seen/", seen)]


def test_session_that_came_back_is_refused(settings):
    browser = Browser().sign_in(UserFactory())
    key, data = browser.key, SessionStore(browser.key).load()
    # Rotated where the middleware does not see it, so that it comes back under another key.
    copy = SessionStore()
    copy._session_cache = data
    copy.save()
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        f"{__name__}.reads_user",
        TRACKER,
    ]

    def status(session_key):
        client = AsyncClient()
        client.cookies["sessionid"] = session_key
        return async_to_sync(client.get)("/seen/").status_code

    assert status(key) == 200
    terminate(TrackedSession.objects.all(), actor=UserFactory(), scope="All")
    assert status(key) == 401
    assert status(copy.session_key) == 401
    assert TrackedSession.objects.get().reuse_count == 1
