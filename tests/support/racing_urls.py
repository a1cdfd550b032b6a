"""The site, with the things that requests in flight do to their session as views of their own."""

from __future__ import annotations

import time
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from tests.support.servers import PATIENCE


def note(request: HttpRequest) -> HttpResponse:
    """Changes the session, so that it is saved after the view."""
    request.session["noted"] = time.time_ns()
    return _answer(request)


def rotate(request: HttpRequest) -> HttpResponse:
    """Moves the session to a new key."""
    if request.user.is_authenticated:
        request.session.cycle_key()
    return _answer(request)


async def read_async(request: HttpRequest) -> HttpResponse:
    """Reads the session as an async view does."""
    return HttpResponse(status=200 if (await request.auser()).is_authenticated else 401)


def held(request: HttpRequest, action: str) -> HttpResponse:
    """Reads the session, says so in the folder `?at=`, and acts when that folder says `go`."""
    bool(request.user.is_authenticated)
    folder = Path(request.GET["at"])
    (folder / "held").touch()
    deadline = time.monotonic() + PATIENCE
    while not (folder / "go").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return {"note": note, "rotate": rotate}[action](request)


def _answer(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=200 if request.user.is_authenticated else 401)


urlpatterns = [
    path("racing/async/", read_async),
    path("racing/note/", note),
    path("racing/rotate/", rotate),
    path("racing/held/<str:action>/", held),
    path("", include("sessions_admin.project.urls")),
]
