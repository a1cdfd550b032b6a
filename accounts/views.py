"""Signing in and out, choosing an account, and the landing pages of the applications."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import views as auth_views
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import RedirectURLMixin
from django.contrib.messages.views import SuccessMessageMixin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import TemplateView, UpdateView

from sessions_admin import reauthentication

from . import access, resets, time_zones
from .forms import PreferencesForm, ResetForm, SignInForm
from .models import Membership


class SignInView(auth_views.LoginView):
    """The sign-in page of the Web app.

    A signed-in person may sign in again, as the same person or another.
    """

    authentication_form = SignInForm

    def get_success_url(self) -> str:
        destination = super().get_success_url()
        if access.must_choose(self.request.user):
            return reverse("choose_account", query={"next": destination})
        return destination


class AccountManagementSignInView(SignInView):
    """The sign-in page of Account Management."""

    next_page = "account_management"


@method_decorator(sensitive_post_parameters(), name="dispatch")
class PasswordChangeView(auth_views.PasswordChangeView):
    """Asks for the old password; wrong attempts count together with those at reauthentication."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            if old := request.POST.get("old_password"):
                reauthentication.try_password(request, old)
        except reauthentication.TooManyTriesError:
            return reauthentication.sign_out_after_tries(request, back=request.path)
        return super().post(request, *args, **kwargs)


class PasswordResetView(auth_views.PasswordResetView):
    form_class = ResetForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not resets.may_ask(request):
            return resets.too_many(request)
        return super().post(request, *args, **kwargs)


class HomeView(LoginRequiredMixin, TemplateView):
    template_name = "accounts/home.html"


class PreferencesView(LoginRequiredMixin, SuccessMessageMixin, UpdateView):  # type: ignore[type-arg]
    """GET shows the person's own preferences; POST `language`, `time_zone` changes them."""

    form_class = PreferencesForm
    template_name = "accounts/preferences.html"
    success_url = reverse_lazy("preferences")

    def get_object(self, queryset: Any = None) -> Any:
        return self.request.user

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(zones=time_zones.offered().values(), **kwargs)

    def get_success_message(self, cleaned_data: dict[str, Any]) -> str:
        # The message is in the language that was just chosen.
        with translation.override(cleaned_data["language"] or None):
            return gettext("Preferences saved.")


class AccountManagementView(LoginRequiredMixin, TemplateView):
    template_name = "accounts/account_management.html"
    login_url = reverse_lazy("account_management_login")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        administered = access.administered_by(self.request.user)
        return super().get_context_data(administered=administered, **kwargs)


class ChooseAccountView(LoginRequiredMixin, RedirectURLMixin, TemplateView):
    """GET shows the person's accounts; POST `account=<id>` moves the session to one of them."""

    template_name = "accounts/choose.html"
    next_page = "home"

    def post(self, request: HttpRequest) -> HttpResponse:
        membership = self.get_membership(request.POST.get("account", ""))
        access.choose(request, membership)
        return HttpResponseRedirect(self.get_success_url())

    def get_membership(self, account_id: str) -> Membership:
        """Return the person's membership of that account.

        Raises Http404 both for somebody else's account and for one that does not exist.
        """
        for membership in access.memberships_of(self.request.user):
            if str(membership.account_id) == account_id:
                return membership
        raise Http404

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        current = access.account_of(self.request)
        return super().get_context_data(
            memberships=access.memberships_of(self.request.user),
            current_account_id=current.id if current else None,
            next=self.get_redirect_url(),
            **kwargs,
        )
