"""The page that asks people for their password again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from sessions_admin import conf, pages, people, reauthentication
from sessions_admin.listing.filters import AUTO_ID
from sessions_admin.views import addresses
from sessions_admin.views.access import signed_in_only


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@signed_in_only
def confirm_password(request: HttpRequest) -> HttpResponse:
    """Ask for the password on GET, check it on POST, and redirect to `next`.

    Redirects to the project's own page if REAUTHENTICATION_URL is set.
    """
    back = reauthentication.way_back(request)
    if reauthentication.is_fresh(request):
        return HttpResponseRedirect(back)
    if conf.current().reauthentication_url:
        return reauthentication.ask(request, back=back)
    person: Any = request.user
    # Not every user model has passwords.
    has_password = getattr(person, "has_usable_password", bool)()
    if request.method == "POST":
        return _check(request, back) if has_password else _sign_in_again(request, back)
    return _page(request, back, PasswordForm(auto_id=AUTO_ID), has_password=has_password)


def _check(request: HttpRequest, back: str) -> HttpResponse:
    form = PasswordForm(request.POST, auto_id=AUTO_ID)
    if not form.is_valid():
        return _page(request, back, form)
    try:
        if reauthentication.try_password(request, form.cleaned_data["password"]):
            return HttpResponseRedirect(back)
    except reauthentication.TooManyTriesError:
        return reauthentication.sign_out_after_tries(request, back=back)
    form.add_error("password", _("That password is incorrect."))
    return _page(request, back, form)


def _page(
    request: HttpRequest, back: str, form: PasswordForm, *, has_password: bool = True
) -> HttpResponse:
    own = pages.url(request, "own")
    context = {
        "form": form,
        "has_password": has_password,
        "signed_in_as": people.email_of(request.user) or people.username_of(request.user),
        "next": back,
        "list_name": addresses.page_around(request, back),
        "viewer": request.user.pk,
        "cancel_url": own if back.startswith(own) else addresses.list_before(request, back),
    }
    return render(request, "sessions_admin/reauthentication/page.html", context)


def _sign_in_again(request: HttpRequest, back: str) -> HttpResponse:
    """Sign out a user without a password, who proves their identity by signing in again."""
    logout(request)
    return pages.sign_in(back)
