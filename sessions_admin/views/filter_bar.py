"""The search, the filters and their chips above a list, in the form its templates need."""

from __future__ import annotations

from html import escape
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from sessions_admin import flags, pages
from sessions_admin.listing.filters import AUTO_ID, SEARCH_LENGTH, TYPED, FilterForm
from sessions_admin.views import addresses
from sessions_admin.views.layouts import Layout
from sessions_admin.views.list_rows import TYPED_FOR


class FlagChoice(NamedTuple):
    """A flag to choose: HTML. ``checked`` is an attribute."""

    id: str
    label: str
    checked: str


class TextFilter(NamedTuple):
    """A filter with a text field, without suggestions: HTML. ``wrong`` is an attribute."""

    name: str
    id_for_label: str
    label: str
    text: str
    length: str
    placeholder: str
    wrong: str
    suggestions_url: str


def context(request: HttpRequest, form: FilterForm) -> dict[str, Any]:
    """Return the template context of the filters, their chips and choices."""
    return {
        "form": form,
        "clear_url": addresses.list_url(request),
        "filters_number": number_of(form.in_words()),
        "any_flag": _("Any"),
        "flags_chosen": _flags_chosen(form),
        "chips": _chips(request, form),
        "choices": [
            addresses.suggested(request, name, found) for name, found in form.suggestions.items()
        ],
        "flag_choices": _flag_choices(form),
        "filter_person": _typed(request, form, "person", "people"),
        "filter_account": _typed(request, form, "account_name", "accounts"),
        "filter_country": _typed(request, form, "country_name", "countries"),
    }


def number_of(words: list[tuple[str, str, str]]) -> int:
    """Return how many filters are applied beside the search, of those in words."""
    return sum(name != "q" for name, _label, _value in words)


def _flags_chosen(form: FilterForm) -> str:
    """Return what the field of the flags says: the chosen one, or how many; empty for none."""
    if len(form.flags_asked) == 1:
        (only,) = form.flags_asked
        return str(flags.labels().get(only, only))
    return str(len(form.flags_asked) or "")


def _flag_choices(form: FilterForm) -> SafeString:
    layout = Layout.of("sessions_admin/list/flag_choice.html", flag=FlagChoice)
    return SafeString(
        "".join(
            layout.filled(
                FlagChoice(each, escape(label), " checked" if each in form.flags_asked else "")
            )
            for each, label in flags.labels().items()
        )
    )


def _typed(request: HttpRequest, form: FilterForm, name: str, suggestions: str) -> SafeString:
    """Return a filter with a text field as HTML.

    ``suggestions`` is the URL name of what is suggested for the text.
    """
    key, field = TYPED[name], form.fields[name]
    url = pages.url(request, suggestions)
    of_records = addresses.list_name(request) == addresses.RECORDS
    shown = TextFilter(
        name=name,
        id_for_label=AUTO_ID % name,
        label=escape(str(field.label)),
        text=escape(form.data.get(name, "")),
        length=str(SEARCH_LENGTH),
        placeholder=escape(str(field.widget.attrs["placeholder"])),
        wrong=' aria-invalid="true"' if name in form.errors else "",
        suggestions_url=escape(f"{url}?of={addresses.RECORDS}" if of_records else url),
    )
    chosen, template = form.chosen.get(key), "sessions_admin/list/typed_filter.html"
    if not (chosen or name in form.suggestions):
        return SafeString(Layout.of(template, filter=TextFilter).filled(shown))
    more = {
        "chosen": chosen,
        "chosen_input": form[key].as_hidden() if chosen else "",
        "drop_url": addresses.filtered(request, {}, without=[name, key]),
        **addresses.suggested(request, name, form.suggestions.get(name, [])),
    }
    html = {field: SafeString(value) for field, value in shown._asdict().items()}
    return render_to_string(template, {"filter": html | more})


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
