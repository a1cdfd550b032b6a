"""What admins do about a person: send a password reset, or deactivate them.

Both ask for confirmation and for a fresh proof of identity.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sessions_admin import reauthentication
from sessions_admin.resolvers import NextStep

from .forms import PersonResetForm
from .models import Allowance, Membership, User

RESETS_PER_PERSON, PERIOD = 3, timedelta(hours=1)


def next_steps(request: HttpRequest, person: User) -> list[NextStep]:
    """Return what the admin of this request may do about a person whose sessions were ended."""
    admin, steps = cast("User", request.user), []
    if may_reset(admin, person):
        steps.append(NextStep(_("Send a password reset"), reverse("send_reset", args=[person.pk])))
    if may_deactivate(admin, person):
        steps.append(NextStep(_("Deactivate"), reverse("deactivate", args=[person.pk])))
    return steps


def may_reset(admin: User, person: User) -> bool:
    """Whether the person has a password, and is in one of the admin's accounts."""
    return person.is_active and person.has_usable_password() and _is_administered(admin, person)


def may_deactivate(admin: User, person: User) -> bool:
    """Whether all of the person's accounts are the admin's; only owners may deactivate an owner."""
    if admin.pk == person.pk or not person.is_active:
        return False
    if admin.is_superuser:
        return True
    memberships = Membership.objects.filter(user=person)
    others = memberships.exclude(account__in=_accounts_of(admin))
    owned = memberships.filter(role=Membership.Role.OWNER)
    owned_by_others = owned.exclude(account__in=_accounts_of(admin, Membership.Role.OWNER))
    return (
        _is_administered(admin, person)
        and not (person.is_staff or person.is_superuser)
        and not others.exists()
        and not owned_by_others.exists()
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication.required
def send_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for confirmation on GET; mail the person a link for a new password on POST."""
    person = get_object_or_404(User, pk=pk)
    if not may_reset(cast("User", request.user), person):
        raise Http404
    if request.method != "POST":
        return render(request, "accounts/send_reset.html", {"person": person})
    key = f"resets of {person.pk} by admins"
    if Allowance.objects.spend(key, limit=RESETS_PER_PERSON, period=PERIOD):
        form = PersonResetForm(person)
        form.full_clean()
        form.save(request=request)
        text = _("Sent %(email)s a link to choose a new password.") % {"email": person.email}
        messages.success(request, text)
    else:
        text = _("%(email)s has already been sent several links. Try again in an hour.")
        messages.error(request, text % {"email": person.email})
    return redirect("sessions_admin:list")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication.required
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for confirmation on GET; deactivate the person on POST, which ends their sessions."""
    person = get_object_or_404(User, pk=pk)
    if not may_deactivate(cast("User", request.user), person):
        raise Http404
    if request.method != "POST":
        return render(request, "accounts/deactivate.html", {"person": person})
    person.is_active = False
    person.save(update_fields=["is_active"])
    text = _("%(email)s was deactivated and signed out everywhere.") % {"email": person.email}
    messages.success(request, text)
    return redirect("sessions_admin:list")


def _is_administered(admin: User, person: User) -> bool:
    if admin.is_superuser:
        return True
    shared = Membership.objects.filter(user=person, account__in=_accounts_of(admin))
    return shared.exists()


def _accounts_of(admin: User, *roles: str) -> QuerySet[Any, Any]:
    """Return the accounts in which the admin has one of these roles; by default, any admin's."""
    own = Membership.objects.filter(user=admin, role__in=roles or Membership.ADMINISTERING)
    return own.values("account")
