"""Each person's language and time zone, carried from request to request in cookies.

Cookies, because pages for people who are signed out have a language too, and because no request
should query its user for it. When a page loads its user and finds preferences that differ from the
cookies, the response updates the cookies. Until a person chooses a time zone, the pages use the
browser's own, which a script of the site (`site.js`) writes into another cookie.
"""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import LazyObject, empty

from accounts import time_zones

TIME_ZONE_COOKIE = "time_zone"
BROWSER_TIME_ZONE_COOKIE = "browser_time_zone"
COOKIE_AGE = 365 * 24 * 3600


class PreferencesMiddleware:
    """Activates the time zone; Django's LocaleMiddleware, which comes next, the language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(_zone_for(request)):
            response = self.get_response(request)
        for name, value in _preferences(request).items():
            if value and request.COOKIES.get(name) != value:
                _set(response, name, value)
            elif not value and name == TIME_ZONE_COOKIE and name in request.COOKIES:
                response.delete_cookie(name)
        return response


def has_chosen_zone(request: HttpRequest) -> bool:
    """Whether times are shown in a time zone that the person has chosen."""
    return time_zones.zone(request.COOKIES.get(TIME_ZONE_COOKIE, "")) is not None


def _zone_for(request: HttpRequest) -> ZoneInfo | None:
    """Return the chosen time zone, else the browser's, else ``None`` for the site's own."""
    cookies = (TIME_ZONE_COOKIE, BROWSER_TIME_ZONE_COOKIE)
    found = (time_zones.zone(request.COOKIES.get(cookie, "")) for cookie in cookies)
    return next(filter(None, found), None)


def languages() -> list[tuple[str, str]]:
    """Return each language's code and its name in that language."""
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
