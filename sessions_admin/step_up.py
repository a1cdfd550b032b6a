"""Asks people who they are once more before they end many sessions, or their own, or read receipts.

The time of their last proof stands in the session. A sign-in is a proof; after it, the page
``sessions_admin:step_up`` asks for the password, or a page of the host's own asks in its way and
calls ``proved`` (REAUTHENTICATION_URL).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_variables

from sessions_admin import conf, tracking
from sessions_admin.models import TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet

View = Callable[..., HttpResponse]

PROVED_AT = "_sessions_admin_proved_at"
TRIES = 5


class TooManyTriesError(Exception):
    """So many wrong passwords in a row that this session must not ask any further."""


def proved(request: HttpRequest) -> None:
    """The person of this session has just shown who they are.

    For a host's own page to call when its check has passed. The session goes on under a new key
    (ASVS 7.2.4).
    """
    request.session.cycle_key()
    request.session[PROVED_AT] = int(time.time())
    _own_row(request).update(wrong_passwords=0)


def is_fresh(request: HttpRequest) -> bool:
    """Whether the last proof is young enough. One from the future, by some clock, is not."""
    at = request.session.get(PROVED_AT)
    return isinstance(at, int) and 0 <= time.time() - at <= conf.current().reauthentication_age


def required(view: View) -> View:
    """Have the view (of a request and its scope) answered only after a fresh proof.

    Whoever posts without one comes back to the same address with GET.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_fresh(request):
            return view(request, *args, **kwargs)
        return ask(request, back=request.get_full_path())

    return guarded


def ask(request: HttpRequest, *, back: str) -> HttpResponse:
    """Lead to the page that asks, and from there to ``back``."""
    page = resolve_url(conf.current().reauthentication_url or "sessions_admin:step_up")
    return redirect(f"{page}{'&' if '?' in page else '?'}{urlencode({'next': back})}")


def way_back(request: HttpRequest) -> str:
    """Where the page that asks leads on to: ``next`` if it is an address of this site."""
    asked = request.POST.get("next", request.GET.get("next", ""))
    is_ours = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if is_ours else reverse("sessions_admin:list")


@sensitive_variables("password")
def try_password(request: HttpRequest, password: str) -> bool:
    """Whether this is the person's password; if so they have proved who they are.

    Raises TooManyTriesError with the last wrong one, and for every one after it.
    """
    # Counted before it is looked at, in one statement: tries that come all at once do not slip by.
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


def connect() -> None:
    user_logged_in.connect(_on_signed_in, dispatch_uid="sessions_admin.step_up")


def _on_signed_in(request: HttpRequest | None = None, **kwargs: Any) -> None:
    session = getattr(request, "session", None)
    if session is not None:
        session[PROVED_AT] = int(time.time())


def _own_row(request: HttpRequest) -> TrackedSessionQuerySet:
    """The row of this session, as a query; without one there is nothing to count on, nor to try."""
    own = tracking.row_of(request.session)
    return TrackedSession.objects.filter(public_id__in=[own] if own else [], ended_at=None)
