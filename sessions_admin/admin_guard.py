"""What keeps the Django admin from telling secrets and from being a way round a fresh proof."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest, HttpResponse

from sessions_admin import step_up

# How the filters of the Django admin ask, behind the name of their field.
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
    """Filters a list by what its page offers, and by no other column or comparison.

    The Django admin takes any column of the model as a filter from the address, hidden ones
    included. A few hundred requests of ``?session_key__regex=^…`` would then tell the session
    key of somebody who is signed in.
    """

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        fields = [self.date_hierarchy, *map(_parameter, self.get_list_filter(request))]
        offered = {f"{field}__{asked}" for field in fields for asked in ASKED_BY_FILTERS}
        # Django's own rule keeps a lookup from going on through a relation.
        is_offered = bool({lookup, f"{lookup}__"} & offered)
        return is_offered and super().lookup_allowed(lookup, value, request)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        # Django's own rule fails on the name of a relation that is no column.
        columns = {field.name for field in self.opts.concrete_fields}
        return to_field in columns and super().to_field_allowed(request, to_field)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        try:
            return super().get_changelist_instance(request)
        except OverflowError as error:
            # Of a year of the date hierarchy that no calendar has, Django expects a ValueError.
            raise IncorrectLookupParameters(error) from error


def _parameter(choice: Any) -> str | None:
    """What an entry of ``list_filter`` is called in the address."""
    if isinstance(choice, (list, tuple)):
        choice = choice[0]
    return choice if isinstance(choice, str) else getattr(choice, "parameter_name", None)


def proof_first(request: HttpRequest) -> HttpResponse | None:
    """The way to a fresh proof of identity; ``None`` for those who have given one."""
    if step_up.is_fresh(request):
        return None
    return step_up.ask(request, back=request.get_full_path())
