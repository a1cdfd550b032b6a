"""The language and the time zone of each person, carried from request to request in two cookies.

Cookies, because pages for people who are signed out have a language too, and because no request
has to look up its user for it. They follow the person: wherever a page looks its user up and finds
other preferences than the cookies say, the cookies are set right with the answer.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import LazyObject, empty

TIME_ZONE_COOKIE = "time_zone"
COOKIE_AGE = 365 * 24 * 3600


class PreferencesMiddleware:
    """Activates the time zone; Django's LocaleMiddleware, which comes after it, the language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(zone(request.COOKIES.get(TIME_ZONE_COOKIE, ""))):
            response = self.get_response(request)
        for name, value in _preferences(request).items():
            if value and request.COOKIES.get(name) != value:
                _set(response, name, value)
            elif not value and name == TIME_ZONE_COOKIE and name in request.COOKIES:
                response.delete_cookie(name)
        return response


def zone(name: str) -> zoneinfo.ZoneInfo | None:
    """The time zone of this name; ``None``, which stands for the site's, where there is none."""
    return _zone(name) if name in zone_names() else None


@cache
def _zone(name: str) -> zoneinfo.ZoneInfo:
    """Kept for the names that exist: a cookie may name anything."""
    return zoneinfo.ZoneInfo(name)


@cache
def zone_names() -> frozenset[str]:
    """The names that people choose from: those of the IANA database that name a place, and UTC."""
    return frozenset(
        name for name in zoneinfo.available_timezones() if "/" in name and name[:4] != "Etc/"
    ) | {"UTC"}


def languages() -> list[tuple[str, str]]:
    """The codes and the languages' own names for themselves."""
    from django.conf.locale import LANG_INFO

    return [(code, str(LANG_INFO[code]["name_local"])) for code, _ in settings.LANGUAGES]


def _preferences(request: HttpRequest) -> dict[str, str]:
    """Those of the person whom this request has looked up; of nobody else."""
    user = getattr(request, "user", None)
    if isinstance(user, LazyObject) and user.__dict__["_wrapped"] is empty:
        return {}
    if user is None or not user.is_authenticated:
        return {}
    return {settings.LANGUAGE_COOKIE_NAME: user.language, TIME_ZONE_COOKIE: user.time_zone}


def _set(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
