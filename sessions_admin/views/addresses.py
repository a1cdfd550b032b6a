"""Build the URLs of the list and its actions, with the current filters or with others.

The list is that of the request: the active sessions, or the login records.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from django.http import HttpRequest, QueryDict

from sessions_admin import pages
from sessions_admin.flags import FLAGS
from sessions_admin.ip_addresses import network_of
from sessions_admin.listing.dates import NAMES as DATES
from sessions_admin.listing.filters import SEARCH_LENGTH, TYPED, FilterForm, may_be_searched
from sessions_admin.listing.pagination import Cursor
from sessions_admin.listing.record_filters import RecordFilterForm
from sessions_admin.listing.suggestions import SHOWN, Suggestion
from sessions_admin.models import TrackedSession
from sessions_admin.termination.retention import KEPT_BITS

# The network of an office or a household, as far as an address shows it.
NETWORK_BITS = {4: 24, 6: 64}
# The parameters that give the position in the list.
PLACE = ("after", "before")
# Only these are kept in links, since a page repeats each parameter in hundreds of links.
OF_THE_LIST = (*FilterForm.base_fields, *PLACE)
OF_RECORDS = (*RecordFilterForm.base_fields, *DATES, *PLACE)
# The login records are another list. What is opened from them says so: "?of=login_records".
RECORDS = "login_records"
OPENED_FROM_RECORDS = ("detail", "terminate", "people", "accounts", "countries")
# Replaces a value that is too long to keep in links. Like that value it matches nothing; without
# it, an action would affect more sessions than requested.
TOO_LONG = "-" * (SEARCH_LENGTH + 1)
# Of several flags, so many are kept in links. More than exist match nothing, as more still would.
MOST_FLAGS = len(FLAGS) + 1
# Stands for the session in a URL that is resolved for all rows.
NOBODYS = uuid.UUID(int=0)
# The actions of the list that may ask for a password first.
ACTIONS = ("terminate_all", "terminate_selected", "export")


def list_name(request: HttpRequest) -> str:
    """Return the URL name of the list that the request shows, or that it was opened from."""
    match = request.resolver_match
    name = match.url_name if match and pages.is_ours(match) else ""
    is_from_records = name in OPENED_FROM_RECORDS and request.GET.get("of") == RECORDS
    return RECORDS if name in (RECORDS, "export_records") or is_from_records else "list"


def list_url(request: HttpRequest) -> str:
    """Return the URL of that list, without filters."""
    return pages.url(request, list_name(request))


def query_of_list(request: HttpRequest, *, without: Iterable[str] = ()) -> QueryDict:
    """Return the non-empty parameters of the list: its filters and its position."""
    known = OF_RECORDS if list_name(request) == RECORDS else OF_THE_LIST
    return _of_list(request.GET, known, without=without)


def page_around(request: HttpRequest, url: str) -> str:
    """Return the URL name of the page that a URL belongs to: a list, the log, or one's own page."""
    parts = urlsplit(url)
    for name in ("own", RECORDS, "termination_log"):
        if parts.path.startswith(pages.url(request, name)):
            return name
    return RECORDS if QueryDict(parts.query).get("of") == RECORDS else "list"


def list_before(request: HttpRequest, action: str) -> str:
    """Return the URL of the list that an action's URL was opened from.

    For any other URL this is the list without filters.
    """
    parts = urlsplit(action)
    if parts.path == pages.url(request, "export_records"):
        return address(pages.url(request, RECORDS), _of_list(QueryDict(parts.query), OF_RECORDS))
    is_action = parts.path in {pages.url(request, name) for name in ACTIONS}
    query = _of_list(QueryDict(parts.query if is_action else ""), OF_THE_LIST)
    return address(pages.url(request, "list"), query)


def address(path: str, query: QueryDict) -> str:
    return f"{path}?{query.urlencode()}" if query else path


def filtered(
    request: HttpRequest, changed: Mapping[str, str | list[str]], *, without: Iterable[str] = ()
) -> str:
    """Return the URL of the list's first page with some filters changed and some removed."""
    query = query_of_list(request, without=[*PLACE, *without, *changed])
    for name, value in changed.items():
        if value:
            query.setlist(name, value if isinstance(value, list) else [value])
    return address(list_url(request), query)


def with_filters(request: HttpRequest, path: str) -> str:
    """Return the path with the filters and the position of the current page."""
    query = query_of_list(request)
    if list_name(request) == RECORDS and path != pages.url(request, RECORDS):
        query["of"] = RECORDS
    return address(path, query)


def back(request: HttpRequest) -> str:
    """Return the URL of the list that the request was opened from, with its filters."""
    return with_filters(request, list_url(request))


def newest(request: HttpRequest) -> str:
    """Return the URL of the first page with the newest sessions first."""
    return filtered(request, {}, without=["sort"])


def of_each(request: HttpRequest, name: str, *, relative: bool = False) -> Callable[[str], str]:
    """Return a function from a session's ``public_id`` to the URL of its page of this name.

    The URL keeps the filters and the position of the list, and may be relative to the list. It is
    resolved only once.
    """
    path = pages.url(request, name, public_id=NOBODYS)
    if relative and list_name(request) == "list":
        path = path.removeprefix(pages.url(request, "list"))
    before, _, after = with_filters(request, path).partition(str(NOBODYS))
    return lambda public_id: f"{before}{public_id}{after}"


def of_values(
    request: HttpRequest, name: str, *, without: Iterable[str] = ()
) -> Callable[[str], str]:
    """Return a function from a value of this filter to the URL of the list filtered by it, too.

    The URLs are relative to the list, since a page has hundreds of them.
    """
    query = query_of_list(request, without=[*PLACE, *without, name])
    before = "?" + "".join([query.urlencode(), "&" if query else "", f"{name}="])
    return lambda value: before + quote_plus(value)


def page(request: HttpRequest, **cursors: Cursor | None) -> str | None:
    """Return the URL of the list from a cursor on, as in ``after=cursor``.

    Without cursors this is the first page; if the cursors given are ``None``, it is ``None``.
    """
    if cursors and not any(cursors.values()):
        return None
    query = query_of_list(request, without=PLACE)
    query.update({name: str(cursor) for name, cursor in cursors.items() if cursor})
    return address(list_url(request), query)


def printed(request: HttpRequest) -> str:
    """Return the URL of the list to be printed, with its filters, from its beginning."""
    query = query_of_list(request, without=PLACE)
    query["print"] = "1"
    return address(pages.url(request, "list"), query)


def news(request: HttpRequest, since: datetime) -> str:
    """Return the URL from which the open page loads the number of newer sessions."""
    query = query_of_list(request, without=PLACE)
    query["since"] = since.isoformat()
    return address(pages.url(request, "news"), query)


def of_user(request: HttpRequest, session: TrackedSession, name: str) -> str:
    """Return the URL of the list or an action, by URL name, filtered by this session's user."""
    query = urlencode({"user": session.user_id})
    return f"{pages.url(request, name)}?{query}"


def records_of_user(request: HttpRequest, session: TrackedSession) -> str:
    """Return the URL of the login records of this session's user.

    Those of a deleted user are found by their label; empty if that is too long for a search.
    """
    if session.user_id is not None:
        return of_user(request, session, RECORDS)
    label = session.user_label
    query = urlencode({"q": label})
    return f"{pages.url(request, RECORDS)}?{query}" if may_be_searched(label) else ""


def same_addresses(
    request: HttpRequest, address: str | None, *, is_masked: bool
) -> list[tuple[str, str]]:
    """Return this address and its network, each with the URL of its login records.

    Of a masked address only the network is left.
    """
    if not address:
        return []
    network = network_of(address, KEPT_BITS if is_masked else NETWORK_BITS)
    texts = [network] if is_masked else [address, network]
    records = pages.url(request, RECORDS)
    return [(text, f"{records}?{urlencode({'q': text})}") for text in texts]


def suggested(request: HttpRequest, name: str, found: list[Suggestion]) -> dict[str, Any]:
    """Return the template context of suggestions, each with the URL of the list it filters."""
    key = TYPED[name]
    return {
        "suggestions": [
            {"suggestion": each, "url": filtered(request, {key: each.value}, without=[name])}
            for each in found[:SHOWN]
        ],
        "has_more": len(found) > SHOWN,
    }


def _of_list(asked: QueryDict, known: Iterable[str], *, without: Iterable[str] = ()) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, values in asked.lists():
        if name not in known or name in without:
            continue
        given = (
            list(dict.fromkeys(filter(None, values)))[:MOST_FLAGS]
            if name == "flag"
            else [values[-1]]
        )
        if any(given):
            query.setlist(name, [_bounded(value) for value in given])
    return query


def _bounded(value: str) -> str:
    if len(value) <= SEARCH_LENGTH:
        return value
    # Only some fields ignore surrounding spaces. One space is kept, for the fields that do not.
    bare = f" {value.strip()}"
    return bare if len(bare) <= SEARCH_LENGTH else TOO_LONG
