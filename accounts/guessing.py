"""Slows the guessing of passwords, with django-axes, without giving strangers a way to lock
people out.

Wrong passwords count for an email address from one network address; after AXES_FAILURE_LIMIT of
them that pair waits. Guesses at one email address from many network addresses count together,
and after EMAIL_LIMIT of them only network addresses from which its person has signed in before
may go on. So a stranger can keep a person from signing in somewhere new for as long as the
guessing goes on, and from nowhere else; nobody who is signed in is affected. Whether the email
address belongs to anybody makes no difference to any of it.
"""

from __future__ import annotations

from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Sum
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from sessions_admin.client import ip_address_of as address_of
from sessions_admin.client import printable
from sessions_admin.models import TrackedSession

from .api import ADDRESS as API_ADDRESS
from .api import RefusedError

EMAIL_LIMIT = 50
EMAIL_LENGTH = 254
# The pages that count wrong passwords by session.
ASKS_AGAIN = {"sessions_admin:reauthenticate", "password_change"}


class Gate(AxesStandaloneBackend):  # type: ignore[misc]
    """The first backend that is asked: those who have to wait are asked for nothing further."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        # What signs in without a request is no stranger: a command, a test.
        if request is not None:
            super().authenticate(request, **credentials)


class Handler(AxesDatabaseHandler):  # type: ignore[misc]
    """Counts in the database, by pair of addresses and by email address."""

    def is_locked(self, request: HttpRequest, credentials: Any = None) -> bool:
        if _is_proving(request, credentials):
            return False
        return super().is_locked(request, credentials) or self._is_beset(request, credentials)

    def user_login_failed(
        self, sender: Any, credentials: Any, request: Any = None, **kwargs: Any
    ) -> None:
        if request is not None:
            for name in ("user_agent", "http_accept", "path_info"):
                text = printable(getattr(request, f"axes_{name}"), 255)
                setattr(request, f"axes_{name}", text)
        super().user_login_failed(sender, credentials, request, **kwargs)
        if request is not None and _is_proving(request, credentials):
            request.axes_locked_out = False

    def _is_beset(self, request: Any, credentials: Any) -> bool:
        """Whether guesses at this email address come from all over, and this one might be one."""
        email = email_of(request, credentials)
        guesses = AccessAttempt.objects.filter(
            username=email, attempt_time__gte=get_cool_off_threshold(request)
        )
        total = guesses.aggregate(total=Sum("failures_since_start"))["total"] or 0
        return total >= EMAIL_LIMIT and not _is_known(request, email)


def email_of(request: HttpRequest, credentials: Any = None) -> str:
    """The email address under which a try is counted: in small letters, as it signs in."""
    given = (credentials or {}).get("username") or request.POST.get("username") or ""
    return printable(str(given), EMAIL_LENGTH).lower()


def ip_address_of(request: HttpRequest) -> str | None:
    return address_of(request)


def too_many_tries(
    request: HttpRequest, response: HttpResponse | None, credentials: Any
) -> HttpResponse:
    """Answer 429 with Retry-After: a page, or JSON for the Mobile app."""
    answer: HttpResponse
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    if request.path.startswith(API_ADDRESS):
        text = _("Too many attempts. Try again in a few minutes.")
        answer = RefusedError(429, "too_many_tries", text).response()
    else:
        context = {"minutes": seconds // 60}
        answer = render(request, "accounts/too_many_tries.html", context, status=429)
    answer.headers["Retry-After"] = str(seconds)
    add_never_cache_headers(answer)
    return answer


def _is_proving(request: Any, credentials: Any) -> bool:
    """Whether this is somebody signed in who is asked for their own password.

    There the session counts, and ends with its fifth wrong one; strangers have no part in it. At
    a sign-in page a session, which may be stolen, is no pass.
    """
    match = getattr(request, "resolver_match", None)
    user = getattr(request, "user", AnonymousUser())
    return (
        match is not None
        and match.view_name in ASKS_AGAIN
        and user.is_authenticated
        and user.get_username().lower() == email_of(request, credentials)
    )


def _is_known(request: Any, email: str) -> bool:
    """Whether this is where the person has signed in from before."""
    if request.axes_ip_address is None:
        return False
    signed_in = TrackedSession.objects.annotate(email=Lower("user__email")).filter(
        email=email, ip_address=request.axes_ip_address
    )
    # What an admin, or the person from another device, ended may have been a stranger's.
    reason = TrackedSession.EndReason
    ended = [reason.TERMINATED, reason.SIGNED_OUT_ELSEWHERE, reason.WRONG_PASSWORDS]
    return signed_in.exclude(end_reason__in=ended).exists()
