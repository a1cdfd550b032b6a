"""Guards for the Django admin: no filter on hidden columns, no change without a fresh proof."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, ValidationError
from django.http import HttpRequest, HttpResponse

from sessions_admin import reauthentication

# The lookups that the Django admin's own filters use.
ASKED_BY_FILTERS = (
    "",
    "exact",
    "id__exact",
    "isnull",
    "isempty",
    "gte",
    "lt",
    "year",
    "month",
    "day",
)


class OfferedFiltersOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """A model admin that accepts only the filters that its list page offers.

    The Django admin accepts any column of the model as a filter in the URL, including hidden ones.
    A few hundred requests with ``?session_key__regex=^…`` would reveal a live session key.
    """

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        fields = [self.date_hierarchy, *map(_parameter, self.get_list_filter(request))]
        offered = {f"{field}__{asked}" for field in fields for asked in ASKED_BY_FILTERS}
        # Django's own rule keeps lookups from following further relations.
        is_offered = bool({lookup, f"{lookup}__"} & offered)
        return is_offered and super().lookup_allowed(lookup, value, request)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        # Django's own rule fails on the name of a relation without a column.
        columns = {field.name for field in self.opts.concrete_fields}
        return to_field in columns and super().to_field_allowed(request, to_field)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        if any("\0" in value for _name, values in request.GET.lists() for value in values):
            # PostgreSQL raises an error for it, after Django's own check of the lookups.
            raise IncorrectLookupParameters
        try:
            return super().get_changelist_instance(request)
        except OverflowError as error:
            # A year out of range in the date hierarchy: Django expects a ValueError.
            raise IncorrectLookupParameters(error) from error

    def response_action(
        self, request: HttpRequest, queryset: Any, *more: Any, **options: Any
    ) -> Any:
        for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                self.opts.pk.clean(key, None)
            except ValidationError as error:
                # Django fails on a key that cannot be one.
                raise BadRequest("That is no key of this model.") from error
        return super().response_action(request, queryset, *more, **options)


def _parameter(choice: Any) -> str | None:
    """Return the URL parameter of an entry of ``list_filter``."""
    if isinstance(choice, (list, tuple)):
        choice = choice[0]
    return choice if isinstance(choice, str) else getattr(choice, "parameter_name", None)


def proof_first(request: HttpRequest) -> HttpResponse | None:
    """Return a redirect to the reauthentication page, or ``None`` if the last proof is fresh."""
    if reauthentication.is_fresh(request):
        return None
    return reauthentication.ask(request, back=request.get_full_path())
