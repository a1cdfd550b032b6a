"""Each person's language and time zone, carried from request to request in two cookies.

Cookies, because pages for people who are signed out have a language too, and because no request
should query its user for it. When a page loads its user and finds preferences that differ from the
cookies, the response updates the cookies.
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
    """Activates the time zone; Django's LocaleMiddleware, which comes next, the language."""

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
    """Return the time zone of this name; ``None``, for the site's own, if there is no such zone."""
    return _zone(name) if name in zone_names() else None


@cache
def _zone(name: str) -> zoneinfo.ZoneInfo:
    """Cached apart from ``zone``, so that made-up names from cookies do not fill the cache."""
    return zoneinfo.ZoneInfo(name)


@cache
def zone_names() -> frozenset[str]:
    """Return the names offered to people: the IANA zones named after a location, and UTC."""
    return frozenset(
        name for name in zoneinfo.available_timezones() if "/" in name and name[:4] != "Etc/"
    ) | {"UTC"}


def languages() -> list[tuple[str, str]]:
    """Return each language's code and its name in that language."""
    from django.conf.locale import LANG_INFO

    return [(code, str(LANG_INFO[code]["name_local"])) for code, _ in settings.LANGUAGES]


def _preferences(request: HttpRequest) -> dict[str, str]:
    """Return the person's preferences, but only if this request has already loaded its user."""
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
