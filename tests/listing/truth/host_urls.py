"""Views of a host that change sessions."""

from __future__ import annotations

import json

from django.contrib.auth import authenticate, login
from django.http import HttpRequest, HttpResponse
from django.urls import path

from sessions_admin.project.urls import urlpatterns as site_urls


def host_sign_in(request: HttpRequest) -> HttpResponse:
    """A host's API: ``login()``, and a custom expiry for the session."""
    given = json.loads(request.body)
    user = authenticate(request, username=given["email"], password=given["password"])
    login(request, user)
    request.session.set_expiry(given.get("life"))
    return HttpResponse(status=given.get("status", 200))


def host_remember(request: HttpRequest, seconds: int) -> HttpResponse:
    request.session.set_expiry(seconds)
    return HttpResponse(status=204)


def host_note(request: HttpRequest) -> HttpResponse:
    request.session["note"] = request.session.get("note", 0) + 1
    return HttpResponse(status=204)


def host_rotate(request: HttpRequest) -> HttpResponse:
    request.session.cycle_key()
    return HttpResponse(status=204)


def host_quiet(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)


def host_fail(request: HttpRequest) -> HttpResponse:
    request.session["note"] = "not to be saved"
    return HttpResponse(status=503)


def host_flush(request: HttpRequest) -> HttpResponse:
    request.session.flush()
    return HttpResponse(status=204)


def host_clear(request: HttpRequest) -> HttpResponse:
    request.session.clear()
    return HttpResponse(status=204)


urlpatterns = [
    path("host/sign-in/", host_sign_in),
    path("host/remember/<int:seconds>/", host_remember),
    path("host/note/", host_note),
    path("host/rotate/", host_rotate),
    path("host/quiet/", host_quiet),
    path("host/fail/", host_fail),
    path("host/flush/", host_flush),
    path("host/clear/", host_clear),
    *site_urls,
]
