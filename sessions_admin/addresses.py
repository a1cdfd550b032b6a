"""Addresses of the list and its acts, with the filters it has or with others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from sessions_admin.choices import OFFERED, Choice
from sessions_admin.forms import SEARCH_LENGTH, TYPED, FilterForm

# What says which page of the list it is.
PLACE = ("after", "before")
# Nothing else is carried along: it would stand in each of the hundreds of links of a page.
OF_THE_LIST = (*FilterForm.base_fields, *PLACE)
# Stands for a value that is too long to be carried and matches nothing, as that one does: without
# it an act would reach further than what was asked for.
TOO_LONG = "-" * (SEARCH_LENGTH + 1)
# The acts of the list that may ask for a password first.
ACTS = ("terminate_all", "terminate_selected")


def query_of_list(request: HttpRequest, *, without: Iterable[str] = ()) -> QueryDict:
    """What the list is asked for: its filters and its place, without what says nothing."""
    return _of_list(request.GET, without=without)


def list_before(act: str) -> str:
    """The list as it was before it led to this address; of what is no act of it, the whole list."""
    parts = urlsplit(act)
    is_act = parts.path in {reverse(f"sessions_admin:{name}") for name in ACTS}
    query = _of_list(QueryDict(parts.query if is_act else ""))
    return address(reverse("sessions_admin:list"), query)


def address(path: str, query: QueryDict) -> str:
    return f"{path}?{query.urlencode()}" if query else path


def filtered(request: HttpRequest, changed: dict[str, str], *, without: Iterable[str] = ()) -> str:
    """The list with these filters changed and those left out, from its first page on."""
    query = query_of_list(request, without=[*PLACE, *without, *changed])
    query.update(changed)
    return address(reverse("sessions_admin:list"), query)


def offered(request: HttpRequest, name: str, found: list[Choice]) -> dict[str, Any]:
    """The choices with the address of the list that each leads to, as the template wants them."""
    key = TYPED[name]
    return {
        "choices": [
            {"choice": choice, "url": filtered(request, {key: choice.value}, without=[name])}
            for choice in found[:OFFERED]
        ],
        "has_more": len(found) > OFFERED,
    }


def _of_list(asked: QueryDict, *, without: Iterable[str] = ()) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, values in asked.lists():
        if name in OF_THE_LIST and name not in without and values[-1]:
            query[name] = _bounded(values[-1])
    return query


def _bounded(value: str) -> str:
    if len(value) <= SEARCH_LENGTH:
        return value
    # Some fields do not mind blanks around a value, and to others it is another one.
    bare = f" {value.strip()}"
    return bare if len(bare) <= SEARCH_LENGTH else TOO_LONG
