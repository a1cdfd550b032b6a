"""Require a fresh proof of identity for destructive actions and the termination log.

The session stores the time of the last proof; a sign-in is one. When it is too old, the page
``sessions_admin:reauthenticate`` asks for the password, or the project's own page
(REAUTHENTICATION_URL) checks the identity in its own way and calls ``proved``.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    authenticate,
    get_user_model,
    load_backend,
    logout,
)
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from sessions_admin import conf, ending, pages, tracking
from sessions_admin.models import TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet

View = Callable[..., HttpResponse]

PROVED_AT = "_sessions_admin_proved_at"
TRIES = 5
# How many sessions may be terminated one by one without a fresh proof. Enough for an admin who
# cleans up, but it stops a script in an unattended browser.
SINGLES = 10


class TooManyTriesError(Exception):
    """Too many wrong passwords were entered in a row, so the session has to end."""


def proved(request: HttpRequest) -> None:
    """Record that the user of this session has just proved their identity.

    A project's own page calls this after its check. The session gets a new key (ASVS 7.2.4).
    """
    # Found by the key that it is under until now.
    row = _own_row(request)
    request.session.cycle_key()
    request.session[PROVED_AT] = int(time.time())
    row.update(wrong_passwords=0, singles=0)


def is_fresh(request: HttpRequest) -> bool:
    """Whether the last proof is recent enough; one with a time in the future is not."""
    at = request.session.get(PROVED_AT)
    return isinstance(at, int) and 0 <= time.time() - at <= conf.current().reauthentication_age


def may_terminate_one(request: HttpRequest) -> bool:
    """Whether this session may terminate one more without a fresh proof; the call is counted.

    The count is on the row, which survives every change of the session key, and is raised in one
    statement, so that parallel requests are counted, too. A session without a row may not.
    """
    if is_fresh(request):
        return True
    row = _own_row(request).filter(singles__lt=SINGLES)
    return bool(row.update(singles=F("singles") + 1))


def could_terminate_one(request: HttpRequest) -> bool:
    """Return what ``may_terminate_one`` would return, without counting."""
    return is_fresh(request) or _own_row(request).filter(singles__lt=SINGLES).exists()


def required(view: View) -> View:
    """Decorate a view to require a fresh proof.

    After reauthentication, a POST returns to the same URL as a GET.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_fresh(request):
            return view(request, *args, **kwargs)
        return ask(request, back=request.get_full_path())

    return guarded


def ask(request: HttpRequest, *, back: str) -> HttpResponse:
    """Redirect to the reauthentication page, which then leads to ``back``."""
    own_page = conf.current().reauthentication_url
    try:
        page = resolve_url(own_page) if own_page else pages.url(request, "reauthenticate")
    except NoReverseMatch as error:
        # A system check says what to set; this is a page of the project, such as the Django admin.
        raise PermissionDenied(_("Confirm that it's you, then open this page again.")) from error
    query = urlencode({"next": back})
    return HttpResponseRedirect(f"{page}{'&' if '?' in page else '?'}{query}")


def way_back(request: HttpRequest) -> str:
    """Return where the reauthentication page leads to: ``next`` if that is a URL of this site.

    Relative URLs are not accepted, since they would resolve against the reauthentication page.
    """
    asked = request.POST.get("next", request.GET.get("next", ""))
    is_ours = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    is_absolute = asked.startswith(("/", "http:", "https:"))
    return asked if is_ours and is_absolute else pages.url(request, "list")


@sensitive_variables("password")
def try_password(request: HttpRequest, password: str) -> bool:
    """Whether this is the user's password; if so, record the proof.

    Raises TooManyTriesError on the last allowed wrong password and on every attempt after it. The
    caller then returns ``sign_out_after_tries``.
    """
    # Counted before the check and in one statement, so that parallel attempts are counted, too.
    row = _own_row(request)
    if not row.filter(wrong_passwords__lt=TRIES).update(wrong_passwords=F("wrong_passwords") + 1):
        raise TooManyTriesError
    person: Any = request.user
    credentials = {_username_keyword(request): getattr(person, person.USERNAME_FIELD)}
    found = authenticate(request, **credentials, password=password)
    if found is not None and found.pk == person.pk:
        proved(request)
        return True
    if not row.filter(wrong_passwords__lt=TRIES).exists():
        raise TooManyTriesError
    return False


def _username_keyword(request: HttpRequest) -> str:
    """Return the keyword under which the session's backend takes the username.

    Projects whose people sign in with an email address have backends that take ``email``.
    """
    field: str = get_user_model().USERNAME_FIELD
    backend: Any = load_backend(request.session[BACKEND_SESSION_KEY])
    return field if field in inspect.signature(backend.authenticate).parameters else "username"


def sign_out_after_tries(request: HttpRequest, *, back: str) -> HttpResponse:
    """End this session after too many wrong passwords, and redirect to ``back`` after a sign-in."""
    ending.end(_own_row(request), reason=TrackedSession.EndReason.WRONG_PASSWORDS)
    why = ngettext(
        "You were signed out after %(n)d incorrect password attempt.",
        "You were signed out after %(n)d incorrect password attempts.",
        TRIES,
    ) % {"n": TRIES}
    logout(request)
    messages.warning(request, why, fail_silently=True)
    return pages.sign_in(back)


def connect() -> None:
    user_logged_in.connect(_on_signed_in, dispatch_uid="sessions_admin.reauthentication")


def _on_signed_in(request: HttpRequest | None = None, **kwargs: Any) -> None:
    session = getattr(request, "session", None)
    if session is not None:
        session[PROVED_AT] = int(time.time())


def _own_row(request: HttpRequest) -> TrackedSessionQuerySet:
    """Return a queryset of this session's row; empty without a row, which allows no attempts."""
    own = tracking.row_of(request.session)
    return TrackedSession.objects.filter(public_id__in=[own] if own else [], ended_at=None)
