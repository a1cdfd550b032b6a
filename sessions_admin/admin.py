"""Login records and the termination log in the Django admin, read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from sessions_admin import reauthentication
from sessions_admin.admin_guard import OfferedFiltersOnly, proof_first
from sessions_admin.models import Termination, TrackedSession


class ReadOnly(OfferedFiltersOnly):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return proof_first(request) or super().change_view(request, *args, **kwargs)

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return proof_first(request) or super().history_view(request, *args, **kwargs)


@admin.register(TrackedSession)
class TrackedSessionAdmin(ReadOnly):
    """The login records; a single record needs a fresh proof, since it names its termination."""

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
    """The termination log, which needs a fresh proof of identity, as on its own page."""

    list_display = ("created_at", "actor_label", "scope", "ended", "already_gone", "failed")
    search_fields = ("actor_label", "scope")
    date_hierarchy = "created_at"

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return proof_first(request) or super().changelist_view(request, *args, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Termination]:
        """Return nothing without a fresh proof; other pages' autocomplete fields use this, too."""
        found = super().get_queryset(request)
        return found if reauthentication.is_fresh(request) else found.none()
