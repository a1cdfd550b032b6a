"""Reads pages of active sessions: as many as asked for of those that are alive.

A page is never cut from rows that may have ended, since it would then be too short, or leave out
the ones that live.
"""

from __future__ import annotations

from typing import Any, TypedDict

from django.http import HttpRequest

from sessions_admin import liveness
from sessions_admin.listing.pagination import Cursor, Page, page_of
from sessions_admin.models import TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.views.rows import say_store_is_away


def living_page(
    request: HttpRequest,
    sessions: TrackedSessionQuerySet,
    *,
    size: int,
    after: Cursor | None = None,
    before: Cursor | None = None,
) -> Page:
    """A page of the active ones of these sessions.

    It is empty while the store does not answer, with a message about it. Where everything on the
    page has ended since its link was made, it is the page that ends there, or the newest.
    """
    rows = sessions.select_related("user")

    def at(**place: Any) -> Page:
        return page_of(rows, size=size, keep=liveness.signed_in, **place)

    try:
        page = at(before=before) if before else at(after=after)
        if page.rows or page.older or not (after or before):
            return page
        if after and not before:
            page = at(before=Cursor(after.created_at, after.pk - 1))
        return page if page.rows else at()
    except liveness.StoreUnavailableError:
        say_store_is_away(request)
        return Page(rows=[], newer=None, older=None)


def newest_living(
    request: HttpRequest, sessions: TrackedSessionQuerySet, size: int
) -> list[TrackedSession]:
    """The newest active ones of these sessions."""
    return living_page(request, sessions, size=size).rows


class Place(TypedDict, total=False):
    """The arguments of a page that say where it begins or ends."""

    after: Cursor | None
    before: Cursor | None


def place(request: HttpRequest) -> Place:
    """The place in the list that the URL names. Raises BadCursorError."""
    return Place(after=_cursor(request, "after"), before=_cursor(request, "before"))


def links(request: HttpRequest, page: Page) -> dict[str, str | None]:
    """The links of `shared/paging.html` on a page without filters."""
    return {
        "newer_url": f"?before={page.newer}" if page.newer else None,
        "older_url": f"?after={page.older}" if page.older else None,
        "first_url": request.path if page.newer else None,
    }


def _cursor(request: HttpRequest, name: str) -> Cursor | None:
    text = request.GET.get(name)
    return Cursor.parse(text) if text else None
