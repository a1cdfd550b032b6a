"""The site, plus views that change the session while a request is in flight."""

from __future__ import annotations

import time
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from tests.support.servers import PATIENCE


def note(request: HttpRequest) -> HttpResponse:
    """Change the session, so that it is saved after the view."""
    request.session["noted"] = time.time_ns()
    return _answer(request)


def rotate(request: HttpRequest) -> HttpResponse:
    """Move the session to a new key."""
    if request.user.is_authenticated:
        request.session.cycle_key()
    return _answer(request)


async def read_async(request: HttpRequest) -> HttpResponse:
    """Read the session as an async view does."""
    return HttpResponse(status=200 if (await request.auser()).is_authenticated else 401)


def held(request: HttpRequest, action: str) -> HttpResponse:
    """Read the session, report it in the folder `?at=`, and act once that folder says `go`."""
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
