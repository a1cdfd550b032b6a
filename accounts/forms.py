"""Forms for signing in, and for operators who add and change people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib.auth.forms import (
    AdminUserCreationForm,
    AuthenticationForm,
    PasswordResetForm,
    UserChangeForm,
    UsernameField,
)
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from . import preferences, resets, time_zones
from .models import User


class SignInForm(AuthenticationForm):
    """Email and password.

    A wrong password, an unknown address and a deactivated person get the same answer, so that it
    does not reveal who has a user here.
    """

    username = UsernameField(
        widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"})
    )

    error_messages = {
        "invalid_login": _("Incorrect email or password."),
        "inactive": _("Incorrect email or password."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.data.get("username"):
            # The email address is still there after a wrong password, the password is not.
            del self.fields["username"].widget.attrs["autofocus"]
            self.fields["password"].widget.attrs["autofocus"] = True


class FocusOnErrorMixin(forms.BaseForm):
    """Puts the focus into the first field with an error."""

    def full_clean(self) -> None:
        super().full_clean()
        wrong = [field for name, field in self.fields.items() if name in self.errors]
        for field in wrong[:1]:
            field.widget.attrs["autofocus"] = True


class ResetForm(FocusOnErrorMixin, PasswordResetForm):
    """Asks for an email address and sends a link for a new password to it.

    The request cannot influence the mail: the link leads to SITE_URL, whatever the Host header
    says, and the language is the one the person prefers, if any.

    For an unknown address, or a person whose allowance of mails is used up, the form does the same
    work and writes a message without a recipient, which is never sent. So the response time reveals
    nothing.
    """

    email = forms.EmailField(
        label=_("Email address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def save(self, *, request: HttpRequest, **options: Any) -> None:  # type: ignore[override]
        self.request = request
        site = urlsplit(settings.SITE_URL)
        options |= {"domain_override": site.netloc, "use_https": site.scheme == "https"}
        super().save(request=request, **options)

    def get_users(self, email: str) -> Iterable[User]:
        nobody = User(pk=0, email="")
        found = list(super().get_users(email)) or [nobody]
        return [p for p in found if resets.may_be_mailed(p.pk, self.request)] or [nobody]

    def send_mail(self, *args: Any, **options: Any) -> None:
        context = args[2]
        with translation.override(context["user"].language or translation.get_language()):
            super().send_mail(*args, **options)


class PersonResetForm(ResetForm):
    """Sends the link to one person, for an admin, who has an allowance of their own."""

    def __init__(self, person: User) -> None:
        super().__init__({"email": person.email})
        self.person = person

    def get_users(self, email: str) -> Iterable[User]:
        return [self.person]


class PreferencesForm(FocusOnErrorMixin, forms.ModelForm):  # type: ignore[type-arg]
    """A person's language and time zone; empty means those of the browser."""

    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.CharField(
        label=_("Time zone"),
        required=False,
        max_length=200,
        help_text=_("Search by city or country. Leave blank to use your browser's time zone."),
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
    )

    class Meta:
        model = User
        fields = ("language", "time_zone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["language"]
        field.choices = [("", _("Use browser language")), *preferences.languages()]
        self.initial["time_zone"] = time_zones.label_of(self.initial["time_zone"])

    def clean_time_zone(self) -> str:
        text: str = self.cleaned_data["time_zone"]
        if not text:
            return ""
        if (name := time_zones.named(text)) is None:
            raise forms.ValidationError(_("Choose a time zone from the list."))
        return name


class OneAddressOnePersonMixin(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses an email address that another person has, ignoring case."""

    def clean_email(self) -> str:
        email = User.objects.normalize_email(self.cleaned_data["email"])
        try:
            holder = User.objects.get_by_natural_key(email)
        except User.DoesNotExist:
            return email
        if holder.pk != self.instance.pk:
            raise ValidationError(
                _("A person with this email address already exists."), code="unique"
            )
        return email


class PersonAddForm(OneAddressOnePersonMixin, AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email", "name")


class PersonChangeForm(OneAddressOnePersonMixin, UserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email", "name", "password", "is_active", "is_staff", "is_superuser")
