"""Guard the pages: who may open them, and the headers that keep their responses private."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.handlers.exception import response_for_exception
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh

from sessions_admin import conf, pages, policy, tracking
from sessions_admin.policy import Scope
from sessions_admin.views import addresses, partials

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]
# Errors of a database that is unreachable, read-only, full or busy, rather than of a wrong query.
DATABASE_IS_AWAY = (OperationalError, InternalError, InterfaceError)


def signed_in_only(view: View) -> View:
    """Decorate a view to require a sign-in; others are redirected to the sign-in page.

    All responses, including refusals, are kept private, since they show people's IP addresses.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *_around: Any, **_captured: Any) -> HttpResponse:
        try:
            # Without what the project's URLs around ours have captured.
            response = _guarded(request, view, **pages.captured_by_us(_captured))
        except (Http404, PermissionDenied) as refusal:
            # The project's own error page, rendered here so that it gets the headers, too.
            response = response_for_exception(request, refusal)
            # For the page's script, which cannot tell this from a failed CSRF check.
            response.headers["SA-Refused"] = "1"
        except DATABASE_IS_AWAY:
            logger.exception("The database did not answer")
            response = _unavailable(request)
        return _kept_private(partials.fit(request, response))

    # Django's LoginRequiredMiddleware leaves the redirect to this guard, which knows of htmx.
    guarded.login_required = False  # type: ignore[attr-defined]
    return guarded


def admins_only(view: View) -> View:
    """Decorate a view to require an admin, and pass it the admin's scope."""

    @wraps(view)
    def scoped(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        scope = policy.scope_of(request.user)
        if not scope.is_admin:
            raise PermissionDenied(_("Only account owners and admins can see sessions."))
        if scope.is_locked:
            return _locked(request, scope)
        # For the template tag ``reuse_alarms``, which would read it again.
        request.sessions_admin_scope = scope  # type: ignore[attr-defined]
        return view(request, scope, **kwargs)

    return signed_in_only(scoped)


def _guarded(request: HttpRequest, view: View, **kwargs: Any) -> HttpResponse:
    if not request.user.is_authenticated:
        back = partials.page_of(request, otherwise=pages.url(request, "list"))
        return pages.sign_in(back)
    if partials.is_of_another_user(request):
        text = _("You're now signed in as someone else. Reload the page to continue.")
        return HttpResponse(text, content_type="text/plain; charset=utf-8", status=409)
    tracking.follow(request)
    return view(request, **kwargs)


def _locked(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Render the page for admins whose accounts' plans do not include the feature."""
    if partials.wanted(request):
        return HttpResponseClientRefresh()
    url = conf.current().upgrade_url
    context = {
        "page_name": addresses.page_around(request, request.get_full_path()),
        "locked_accounts": [account.name for account in scope.locked],
        "upgrade_url": resolve_url(url) if url else "",
    }
    status = 200 if request.method in {"GET", "HEAD"} else 403
    return render(request, "sessions_admin/locked.html", context, status=status)


def _unavailable(request: HttpRequest) -> HttpResponse:
    """Render the page for a database that does not answer or accepts no changes."""
    try:
        return render(request, "sessions_admin/unavailable.html", status=503)
    except DATABASE_IS_AWAY:
        # The project's own templates may need the database, too.
        text = _("The database did not respond. Try again in a minute.")
        return HttpResponse(text, content_type="text/plain; charset=utf-8", status=503)


def _kept_private(response: HttpResponse) -> HttpResponse:
    """Keep the response out of caches and frames, and its URL (with a search) from other sites.

    Headers that the response already has are kept, except for Cache-Control.
    """
    patch_cache_control(response, private=True, no_store=True)
    response.headers.setdefault("X-Frame-Options", "DENY")
    policy_said = settings.SECURE_REFERRER_POLICY or "same-origin"
    if isinstance(policy_said, str):
        response.headers.setdefault("Referrer-Policy", policy_said)
    return response
