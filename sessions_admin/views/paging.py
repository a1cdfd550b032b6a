"""Read pages of active sessions, and of other rows.

Sessions are checked for being active before they are cut into pages. Otherwise a page could be too
short, or omit active sessions. A position of which nothing is left leads to the nearest page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypedDict

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from sessions_admin import conf, liveness
from sessions_admin.listing.finding import page_of_parts
from sessions_admin.listing.pagination import (
    NEWEST_FIRST,
    BadCursorError,
    Cursor,
    Order,
    Page,
    Reader,
    page_of,
)
from sessions_admin.listing.parts import Part
from sessions_admin.models import TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.views.rows import say_store_is_away


def living_page(
    request: HttpRequest,
    sessions: TrackedSessionQuerySet | Sequence[Part],
    *,
    size: int,
    after: Cursor | None = None,
    before: Cursor | None = None,
    order: Order = NEWEST_FIRST,
    shown: Reader | None = None,
    keep: Callable[[list[Any]], list[Any]] = liveness.signed_in,
    meanwhile: Callable[[], None] | None = None,
) -> Page:
    """Return a page of the active ones of these sessions, in this order, as ``shown`` reads them.

    ``keep`` is ``liveness.signed_in``, or does more; ``meanwhile`` is called as by ``page_of``. If
    the store does not answer, the page is empty and a message says so. If all sessions of the
    requested page have ended, it is the ``nearest``.
    """
    parts = [Part(sessions)] if isinstance(sessions, QuerySet) else sessions
    everything = TrackedSession.objects.all()
    is_plain = shown is None and len(parts) == 1 and not (parts[0].walks or parts[0].is_by_week)

    def with_users(rows: TrackedSessionQuerySet) -> TrackedSessionQuerySet:
        return rows.select_related("user").with_active_count()

    def at(**position: Any) -> Page:
        how: dict[str, Any] = {"size": size, "keep": keep, "order": order, **position}
        how["meanwhile"] = meanwhile
        if is_plain:
            return page_of(with_users(parts[0].rows), **how)
        return page_of_parts(parts, shown=shown or with_users(everything), **how)

    try:
        return nearest(at, after=after, before=before, order=order)
    except liveness.StoreUnavailableError:
        say_store_is_away(request)
        return Page(rows=[], newer=None, older=None)


def page_or_first(request: HttpRequest, rows: QuerySet[Any], notices: list[str]) -> Page:
    """Return the page of these rows that the URL asks for or the ``nearest`` one.

    Without a position that can be read, it is the first one, with a notice.
    """
    read = partial(page_of, rows, size=conf.current().page_size)
    try:
        return nearest(read, **position(request))
    except BadCursorError:
        notices.append(_("That page is gone. Showing the first page."))
        return read()


def nearest(
    read: Callable[..., Page],
    *,
    after: Cursor | None = None,
    before: Cursor | None = None,
    order: Order = NEWEST_FIRST,
) -> Page:
    """Return the page at a position, which ``read`` reads.

    If nothing is left on it, it is the page that ends at the position, or the first page.
    """
    page = read(before=before) if before else read(after=after)
    if page.rows or page.older or not (after or before):
        return page
    if after and not before:
        # The row at the position itself is included, and nothing follows.
        pk = after.pk - 1 if order.is_descending else after.pk + 1
        page = replace(read(before=Cursor(after.at, pk)), older=None)
    return page if page.rows else read()


def newest_living(
    request: HttpRequest, sessions: TrackedSessionQuerySet, size: int
) -> list[TrackedSession]:
    """Return the newest active ones of these sessions."""
    return living_page(request, sessions, size=size).rows


class Position(TypedDict, total=False):
    """The arguments for the position of a page."""

    after: Cursor | None
    before: Cursor | None


def position(request: HttpRequest) -> Position:
    """Return the position in the list that the URL gives. Raises BadCursorError."""
    return Position(after=_cursor(request, "after"), before=_cursor(request, "before"))


def is_further(request: HttpRequest) -> bool:
    """Whether the URL gives a position, so that the page need not be the first."""
    return bool(request.GET.get("after") or request.GET.get("before"))


def links(
    request: HttpRequest, page: Page, *, kept: QueryDict | None = None
) -> dict[str, str | None]:
    """Return the links of `shared/paging.html`, with the filters in ``kept``."""
    query = kept.urlencode() if kept else ""
    before = f"?{query}&" if query else "?"
    return {
        "newer_url": f"{before}before={page.newer}" if page.newer else None,
        "older_url": f"{before}after={page.older}" if page.older else None,
        "first_url": f"{request.path}{before[:-1]}" if page.newer else None,
    }


def _cursor(request: HttpRequest, name: str) -> Cursor | None:
    text = request.GET.get(name)
    return Cursor.parse(text) if text else None
