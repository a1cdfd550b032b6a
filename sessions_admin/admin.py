"""Login records and the termination log in the Django admin, read only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from sessions_admin.models import Termination, TrackedSession


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(TrackedSession)
class TrackedSessionAdmin(ReadOnly):
    list_display = (
        "user_label",
        "account_name",
        "application",
        "ip_address",
        "location",
        "device_label",
        "created_at",
        "ended_at",
        "end_reason",
    )
    list_filter = ("application", "end_reason", "device_kind")
    search_fields = ("user_label", "account_name", "ip_address", "city", "country")
    date_hierarchy = "created_at"
    exclude = ("session_key", "key_digest")


@admin.register(Termination)
class TerminationAdmin(ReadOnly):
    list_display = ("created_at", "actor_label", "scope", "ended", "already_gone", "failed")
    search_fields = ("actor_label", "scope")
    date_hierarchy = "created_at"
