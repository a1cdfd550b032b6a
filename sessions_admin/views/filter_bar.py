"""The search, the filters and their chips above a list, in the form its templates need."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from sessions_admin import flags, pages
from sessions_admin.listing.filters import AUTO_ID, SEARCH_LENGTH, TYPED, FilterForm
from sessions_admin.views import addresses
from sessions_admin.views.list_rows import TYPED_FOR


def context(request: HttpRequest, form: FilterForm) -> dict[str, Any]:
    """Return the template context of ``list/filters.html`` and ``list/chips.html``."""
    return {
        "form": form,
        "clear_url": addresses.list_url(request),
        "chips": _chips(request, form),
        "flag_choices": [
            (flag.id, str(flag.label), flag.id in form.flags_asked) for flag in flags.FLAGS
        ],
        "filter_person": _typed(request, form, "person", "people"),
        "filter_account": _typed(request, form, "account_name", "accounts"),
        "filter_country": _typed(request, form, "country_name", "countries"),
    }


def _typed(request: HttpRequest, form: FilterForm, name: str, suggestions: str) -> dict[str, Any]:
    """Return the template context of a filter with a text field.

    ``suggestions`` is the URL name of what is suggested for the text.
    """
    key = TYPED[name]
    field: Any = form.fields[name]
    chosen = form.chosen.get(key)
    url = pages.url(request, suggestions)
    of_records = addresses.list_name(request) == addresses.RECORDS
    return {
        "name": name,
        "id_for_label": AUTO_ID % name,
        "label": str(field.label),
        "text": form.data.get(name, ""),
        "length": str(SEARCH_LENGTH),
        "placeholder": str(field.widget.attrs["placeholder"]),
        "is_wrong": name in form.errors,
        "chosen": chosen,
        "chosen_input": form[key].as_hidden() if chosen else "",
        "drop_url": addresses.filtered(request, {}, without=[name, key]),
        "suggestions_url": f"{url}?of={addresses.RECORDS}" if of_records else url,
        **addresses.suggested(request, name, form.suggestions.get(name, [])),
    }


def _chips(request: HttpRequest, form: FilterForm) -> list[dict[str, str]]:
    """Return the active filters, each with the URL of the list without it."""
    return [
        {
            "label": label,
            "value": value,
            "url": addresses.filtered(request, {}, without=[name, *TYPED_FOR.get(name, ())]),
        }
        for name, label, value in form.in_words()
    ]
