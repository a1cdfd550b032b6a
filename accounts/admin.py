"""People, accounts and memberships in the Django admin, for the operators of the site.

Every change requires reauthentication first (ASVS 7.5.1), which the site's own Django admin,
``sessions_admin.project.admin``, enforces.
"""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.utils.translation import gettext_lazy as _

from .forms import PersonAddForm, PersonChangeForm
from .models import Account, Membership, User


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    autocomplete_fields = ("user", "account")
    extra = 0


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """People and their credentials."""

    form = PersonChangeForm
    add_form = PersonAddForm
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (
            _("Permissions"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "name", "usable_password", "password1", "password2"),
            },
        ),
    )
    inlines = (MembershipInline,)
    readonly_fields = ("last_login", "date_joined")
    list_display = ("email", "name", "is_active", "is_staff")
    search_fields = ("email", "name")
    ordering = ("email",)


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    inlines = (MembershipInline,)
    list_display = ("name", "plan", "advanced_security_addon", "created_at")
    list_filter = ("plan", "advanced_security_addon")
    search_fields = ("name",)


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    autocomplete_fields = ("user", "account")
    list_display = ("user", "account", "role", "last_chosen_at")
    list_filter = ("role",)
    list_select_related = ("user", "account")
    search_fields = ("user__email", "user__name", "account__name")
