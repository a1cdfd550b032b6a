"""What the list shows: a page of sessions in an order, and how many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from django.db import connections
from django.http import HttpRequest
from django.utils.translation import gettext as _

from sessions_admin import liveness
from sessions_admin.listing import counting, counting_all, reading
from sessions_admin.listing.counting import Count, Counts
from sessions_admin.listing.filters import FilterForm
from sessions_admin.listing.pagination import (
    NEWEST_FIRST,
    BadCursorError,
    Order,
    Page,
    starting_at,
)
from sessions_admin.listing.parts import Part, look_expensive
from sessions_admin.pipelines import Later, Send, sending
from sessions_admin.policy import Scope
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.views import paging


@dataclass(frozen=True)
class Shown:
    """What the list shows: a page, the order it is in, and counts.

    ``passed`` are the rows before the page, where ``counts`` does not know them.
    """

    page: Page
    order: Order
    counts: Counts
    passed: Count | None = None

    @property
    def total(self) -> Count:
        """How many sessions the list has."""
        return self.counts.total(self.page, self.before)

    @property
    def before(self) -> Count:
        return self.counts.before if self.passed is None else self.passed


@contextmanager
def shown_sessions(
    request: HttpRequest,
    scope: Scope,
    form: FilterForm,
    parts: list[Part],
    notices: list[str],
    *,
    size: int,
) -> Iterator[Shown]:
    """Give what the URL asks for; problems with that are added to ``notices``.

    The counts have to be read before the end of the block.
    """
    connection = connections[parts[0].rows.db]
    order = form.order
    if order is None:
        notices.append(_("That order doesn't exist. Showing the newest sessions first."))
        order = NEWEST_FIRST
    counts, passed, plainly = None, None, look_expensive(parts)
    if order.field != NEWEST_FIRST.field:
        # No index has this order, so it depends on how many there are.
        with sending(connection, plainly=plainly) as send:
            counts = _counts(send, scope, form, parts, order)
            listed, _flagged = counts.listed, counts.flags
        if listed and listed.is_more:
            notices.append(_too_many_to_sort(listed))
            order = NEWEST_FIRST
    if counts is not None:
        page = _page(request, parts, order, notices, size=size)
        passed = counting.count_before(parts, page.newer, order) if page.newer else None
        yield Shown(page, order, counts, passed)
        return
    with ExitStack() as stack:
        later = Later()
        written: list[Counts] = []

        def write() -> None:
            if not written:
                written.append(_counts(later, scope, form, parts, order))

        def ask() -> None:
            write()
            if later:
                later.release(stack.enter_context(sending(connection, plainly=plainly)))

        is_first = not paging.is_further(request)
        # If it may take long to find no more than a page shows, they are not counted again.
        is_quick = not form.is_narrowing or all(part.has_index for part in parts)
        early = {
            "write": write if is_first else None,
            "ask": ask if is_first and is_quick else None,
        }
        page = _page(request, parts, order, notices, size=size, **early)
        if not written or not (is_quick or page.newer or page.older):
            later = Later()
            written[:] = [_counts(later, scope, form, parts, order, page)]
        ask()
        yield Shown(page, order, written[0])


def _page(
    request: HttpRequest,
    parts: list[Part],
    order: Order,
    notices: list[str],
    *,
    size: int,
    write: Callable[[], None] | None = None,
    ask: Callable[[], None] | None = None,
) -> Page:
    """Return the page; ``ask`` is called as soon as its rows and their sessions are read.

    What is to be asked is written (``write``) while the database finds the rows.
    """
    try:
        position = paging.position(request)
    except BadCursorError:
        is_usual = order == NEWEST_FIRST
        gone = _("That page is gone. Showing the newest sessions.")
        notices.append(gone if is_usual else _("That page is gone. Showing the first page."))
        position = {}
    return paging.living_page(
        request,
        parts,
        size=size,
        order=order,
        shown=reading.reader(),
        keep=partial(liveness.signed_in, meanwhile=ask),
        meanwhile=write,
        **position,
    )


def _counts(
    send: Send,
    scope: Scope,
    form: FilterForm,
    parts: list[Part],
    order: Order,
    page: Page | None = None,
) -> Counts:
    """Count the listed sessions, the flags within the other filters, the alarms, those before."""
    is_all = page is not None and not (page.newer or page.older)
    if not form.is_narrowing:
        rows = parts[0].rows
        before = _before(rows, page, order)
        return counting_all.count(send, scope, rows, is_listed=not is_all, before=before)
    if form.is_in_parts:
        flagged = parts if form.filters.flag else None
        found = form.parts_but_for_flags() if flagged else parts
        return counting.count_found(
            send,
            found,
            page,
            flagged=flagged,
            checked=form.checked,
            alarms=scope.alarms(),
            order=order,
        )
    (listed,) = parts
    return counting.count(
        send,
        None if is_all else listed.rows,
        flagged_among=form.checked.rows if form.filters.flag else listed.rows,
        alarms=scope.alarms(),
        before=_before(listed.rows, page, order),
    )


def _before(
    rows: TrackedSessionQuerySet, page: Page | None, order: Order
) -> TrackedSessionQuerySet | None:
    return starting_at(rows, page.newer, order, backwards=True) if page and page.newer else None


def _too_many_to_sort(listed: Count) -> str:
    text = _(
        "More than %(n)s sessions are too many to sort by last active, so the newest are first. "
        "Filter the list to sort it."
    )
    return text % {"n": counting.grouped(listed.number)}
