"""Makes the URLs of the list and its actions, with its present filters or with others."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from sessions_admin.listing.filters import SEARCH_LENGTH, TYPED, FilterForm
from sessions_admin.listing.pagination import Cursor
from sessions_admin.listing.suggestions import SHOWN, Suggestion
from sessions_admin.models import TrackedSession

# The parameters that name a page of the list.
PLACE = ("after", "before")
# Only these are carried along: a parameter is repeated in each of the hundreds of links of a page.
OF_THE_LIST = (*FilterForm.base_fields, *PLACE)
# Takes the place of a value that is too long to be carried. It matches nothing, just like that
# value; without it an action would reach further than what was asked for.
TOO_LONG = "-" * (SEARCH_LENGTH + 1)
# The actions of the list that may ask for a password first.
ACTIONS = ("terminate_all", "terminate_selected")


def query_of_list(request: HttpRequest, *, without: Iterable[str] = ()) -> QueryDict:
    """The parameters of the list: its filters and its place, without empty ones."""
    return _of_list(request.GET, without=without)


def list_before(action: str) -> str:
    """The list as it was before this action was opened; the whole list for any other URL."""
    parts = urlsplit(action)
    is_action = parts.path in {reverse(f"sessions_admin:{name}") for name in ACTIONS}
    query = _of_list(QueryDict(parts.query if is_action else ""))
    return address(reverse("sessions_admin:list"), query)


def address(path: str, query: QueryDict) -> str:
    return f"{path}?{query.urlencode()}" if query else path


def filtered(request: HttpRequest, changed: dict[str, str], *, without: Iterable[str] = ()) -> str:
    """The first page of the list with some filters changed and some left out."""
    query = query_of_list(request, without=[*PLACE, *without, *changed])
    query.update(changed)
    return address(reverse("sessions_admin:list"), query)


def with_filters(request: HttpRequest, path: str) -> str:
    """The path with the filters and the place of the present page."""
    return address(path, query_of_list(request))


def page(request: HttpRequest, **cursors: Cursor | None) -> str | None:
    """The list from a cursor on, as in ``after=cursor``; ``None`` if that is ``None``."""
    if cursors and not any(cursors.values()):
        return None
    query = query_of_list(request, without=PLACE)
    query.update({name: str(cursor) for name, cursor in cursors.items() if cursor})
    return address(reverse("sessions_admin:list"), query)


def news(request: HttpRequest, since: datetime) -> str:
    """Where the open page asks for newer sessions."""
    query = query_of_list(request, without=PLACE)
    query["since"] = since.isoformat()
    return address(reverse("sessions_admin:news"), query)


def of_user(session: TrackedSession, name: str) -> str:
    """The list, or an action by its URL name, filtered by the user of this session."""
    query = urlencode({"user": session.user_id})
    return f"{reverse(f'sessions_admin:{name}')}?{query}"


def suggested(request: HttpRequest, name: str, found: list[Suggestion]) -> dict[str, Any]:
    """The suggestions, each with the list it leads to, as the template needs them."""
    key = TYPED[name]
    return {
        "suggestions": [
            {"suggestion": each, "url": filtered(request, {key: each.value}, without=[name])}
            for each in found[:SHOWN]
        ],
        "has_more": len(found) > SHOWN,
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
    # Some fields ignore blanks around a value, others do not: one is left for those that do not.
    bare = f" {value.strip()}"
    return bare if len(bare) <= SEARCH_LENGTH else TOO_LONG
