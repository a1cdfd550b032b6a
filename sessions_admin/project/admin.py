"""The Django admin of the site: it asks for a fresh proof, and filters by what its pages offer."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from sessions_admin.admin_guard import OfferedFiltersOnly, proof_first

# The pages that need no fresh proof. All others are about one object: they change it or show what
# was done with it.
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
        found = super().process_request(request)
        _, _, field, _ = found
        if not field.concrete:
            # The other end of a relation has no field to type into, and Django fails on it.
            raise PermissionDenied
        return found


class Site(admin.AdminSite):
    """Guards every model that is registered, those of other packages included."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        chosen = admin_class or admin.ModelAdmin
        if not issubclass(chosen, OfferedFiltersOnly):
            own = {"__module__": chosen.__module__}
            chosen = type(chosen.__name__, (OfferedFiltersOnly, chosen), own)
        super().register(model_or_iterable, chosen, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Answer ``view`` only after a fresh proof, unless it just shows a list.

        A POST without one comes back to the same URL with GET.
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
