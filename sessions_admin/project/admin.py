"""The site's Django admin: it requires reauthentication and allows only the offered filters."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse

from sessions_admin.admin_guard import OfferedFiltersOnly, proof_first

# Pages that need no reauthentication. All others are about one object: they change it or show its
# history.
LOOKING = {
    "index",
    "app_index",
    "changelist_view",
    "autocomplete_view",
    "i18n_javascript",
    "catch_all_view",
}


class Suggestions(AutocompleteJsonView):
    def process_request(self, request: HttpRequest) -> Any:
        if "\0" in request.GET.get("term", ""):
            raise BadRequest("PostgreSQL searches for no such text.")
        found = super().process_request(request)
        _, _, field, _ = found
        if not field.concrete:
            # A reverse relation has no form field, and Django fails on it.
            raise PermissionDenied
        return found


class Site(admin.AdminSite):
    """Guards every registered model, including those of other packages."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        chosen = admin_class or admin.ModelAdmin
        if not issubclass(chosen, OfferedFiltersOnly):
            own = {"__module__": chosen.__module__}
            chosen = type(chosen.__name__, (OfferedFiltersOnly, chosen), own)
        super().register(model_or_iterable, chosen, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Require reauthentication for ``view``, unless it only shows a list.

        After a POST is interrupted, the person returns to the same URL with GET.
        """
        name = getattr(view, "__name__", "")

        @wraps(view)
        def proved(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            is_looking = name in LOOKING and request.method in {"GET", "HEAD"}
            asked = None if is_looking or name == "logout" else proof_first(request)
            return asked or view(request, *args, **kwargs)

        return super().admin_view(proved, cacheable)

    def autocomplete_view(self, request: HttpRequest) -> Any:
        return Suggestions.as_view(admin_site=self)(request)
