"""The page that asks for the password again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from sessions_admin import addresses, conf, endings, step_up, tracking
from sessions_admin.forms import PasswordForm
from sessions_admin.models import TrackedSession
from sessions_admin.views import signed_in_only


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@signed_in_only
def confirm_password(request: HttpRequest) -> HttpResponse:
    """GET asks, POST `password` leads on to `next`; a page of the host's own takes its place."""
    back = step_up.way_back(request)
    if step_up.is_fresh(request):
        return redirect(back)
    if conf.current().reauthentication_url:
        return step_up.ask(request, back=back)
    person: Any = request.user
    has_password = person.has_usable_password()
    if request.method == "POST":
        return _tried(request, back) if has_password else _sign_in_again(request, back)
    return _asking(request, back, PasswordForm(), has_password=has_password)


def _tried(request: HttpRequest, back: str) -> HttpResponse:
    form = PasswordForm(request.POST)
    if not form.is_valid():
        return _asking(request, back, form)
    try:
        if step_up.try_password(request, form.cleaned_data["password"]):
            return redirect(back)
    except step_up.TooManyTriesError:
        return too_many_tries(request, back)
    form.add_error("password", _("This is not your password."))
    return _asking(request, back, form)


def _asking(
    request: HttpRequest, back: str, form: PasswordForm, *, has_password: bool = True
) -> HttpResponse:
    own = reverse("sessions_admin:own")
    context = {
        "form": form,
        "has_password": has_password,
        "next": back,
        "cancel_url": own if back.startswith(own) else addresses.list_before(back),
    }
    return render(request, "sessions_admin/reauthentication/page.html", context)


def too_many_tries(request: HttpRequest, back: str) -> HttpResponse:
    """End this session, and lead by way of a new sign-in to ``back``."""
    own = tracking.row_of(request.session)
    rows = TrackedSession.objects.filter(public_id__in=[own] if own else [])
    endings.end(rows, reason=TrackedSession.EndReason.WRONG_PASSWORDS)
    why = ngettext(
        "You were signed out: the password was wrong %(n)d time.",
        "You were signed out: the password was wrong %(n)d times.",
        step_up.TRIES,
    ) % {"n": step_up.TRIES}
    logout(request)
    messages.warning(request, " ".join([why, _("Sign in to go on.")]), fail_silently=True)
    return redirect_to_login(back)


def _sign_in_again(request: HttpRequest, back: str) -> HttpResponse:
    """For people who have no password here: a new sign-in, in whatever way, is a proof."""
    logout(request)
    return redirect_to_login(back)
