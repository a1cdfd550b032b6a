"""Asks for a fresh proof of identity before destructive actions and the termination log.

The time of the last proof stands in the session. A sign-in is a proof. When it is too old, the page
``sessions_admin:reauthenticate`` asks for the password, or a page of the host's own checks in its
way and calls ``proved`` (REAUTHENTICATION_URL).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import authenticate, logout
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from sessions_admin import conf, ending, tracking
from sessions_admin.models import TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet

View = Callable[..., HttpResponse]

PROVED_AT = "_sessions_admin_proved_at"
TRIES = 5
# How many sessions may be terminated one by one after the last proof has grown too old. An admin
# who cleans up does not notice; a loop at an open browser ends here.
SINGLES = 10


class TooManyTriesError(Exception):
    """There were too many wrong passwords in a row for this session to go on."""


def proved(request: HttpRequest) -> None:
    """Note that the person of this session has just proved who they are.

    A host's own page calls it when its check has passed. The session gets a new key (ASVS 7.2.4).
    """
    # Found by the key that it is under until now.
    row = _own_row(request)
    request.session.cycle_key()
    request.session[PROVED_AT] = int(time.time())
    row.update(wrong_passwords=0, singles=0)


def is_fresh(request: HttpRequest) -> bool:
    """Whether the last proof is recent enough. One from the future, by some clock, is not."""
    at = request.session.get(PROVED_AT)
    return isinstance(at, int) and 0 <= time.time() - at <= conf.current().reauthentication_age


def may_terminate_one(request: HttpRequest) -> bool:
    """Whether this session may terminate one more without a fresh proof; this counts as one.

    Counted on the row, which every change of the session key leaves as it is, and in one statement,
    so that parallel requests are counted, too. A session without a row has none left.
    """
    if is_fresh(request):
        return True
    row = _own_row(request).filter(singles__lt=SINGLES)
    return bool(row.update(singles=F("singles") + 1))


def could_terminate_one(request: HttpRequest) -> bool:
    """What ``may_terminate_one`` would answer; this counts as none."""
    return is_fresh(request) or _own_row(request).filter(singles__lt=SINGLES).exists()


def required(view: View) -> View:
    """Answer the view only after a fresh proof.

    A POST without one comes back to the same URL with GET.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_fresh(request):
            return view(request, *args, **kwargs)
        return ask(request, back=request.get_full_path())

    return guarded


def ask(request: HttpRequest, *, back: str) -> HttpResponse:
    """Redirect to the page that asks for a proof, and from there to ``back``."""
    page = resolve_url(conf.current().reauthentication_url or "sessions_admin:reauthenticate")
    query = urlencode({"next": back})
    return HttpResponseRedirect(f"{page}{'&' if '?' in page else '?'}{query}")


def way_back(request: HttpRequest) -> str:
    """Where the page that asks leads on to: ``next`` if that is a URL of this site.

    A relative one would lead to somewhere beneath the page that asks.
    """
    asked = request.POST.get("next", request.GET.get("next", ""))
    is_ours = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    is_absolute = asked.startswith(("/", "http:", "https:"))
    return asked if is_ours and is_absolute else reverse("sessions_admin:list")


@sensitive_variables("password")
def try_password(request: HttpRequest, password: str) -> bool:
    """Whether this is the person's password; if it is, note the proof.

    Raises TooManyTriesError with the last wrong one allowed, and for each one after it. The caller
    answers that with ``sign_out_after_tries``.
    """
    # Counted before it is checked, in one statement, so that parallel tries are counted, too.
    row = _own_row(request)
    if not row.filter(wrong_passwords__lt=TRIES).update(wrong_passwords=F("wrong_passwords") + 1):
        raise TooManyTriesError
    person: Any = request.user
    found = authenticate(request, username=person.get_username(), password=password)
    if found is not None and found.pk == person.pk:
        proved(request)
        return True
    if not row.filter(wrong_passwords__lt=TRIES).exists():
        raise TooManyTriesError
    return False


def sign_out_after_tries(request: HttpRequest, *, back: str) -> HttpResponse:
    """End this session after too many wrong passwords, and lead by way of a sign-in to ``back``."""
    ending.end(_own_row(request), reason=TrackedSession.EndReason.WRONG_PASSWORDS)
    why = ngettext(
        "You were signed out after %(n)d incorrect password attempt.",
        "You were signed out after %(n)d incorrect password attempts.",
        TRIES,
    ) % {"n": TRIES}
    logout(request)
    messages.warning(request, why, fail_silently=True)
    return redirect_to_login(back)


def connect() -> None:
    user_logged_in.connect(_on_signed_in, dispatch_uid="sessions_admin.step_up")


def _on_signed_in(request: HttpRequest | None = None, **kwargs: Any) -> None:
    session = getattr(request, "session", None)
    if session is not None:
        session[PROVED_AT] = int(time.time())


def _own_row(request: HttpRequest) -> TrackedSessionQuerySet:
    """The row of this session as a queryset; without a row there are no tries to count."""
    own = tracking.row_of(request.session)
    return TrackedSession.objects.filter(public_id__in=[own] if own else [], ended_at=None)
