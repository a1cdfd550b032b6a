"""The orders of the list, by their value in the URL.

Only rows by their sign-in are in an index: an index on *Last active* would make every write of
activity expensive. So only a list that is counted exactly can be sorted by it.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from sessions_admin.listing.pagination import NEWEST_FIRST, Order

ORDERS = {
    "": NEWEST_FIRST,
    "oldest": Order(is_descending=False),
    "last-active": Order("last_seen_at"),
    "longest-inactive": Order("last_seen_at", is_descending=False),
}
CHOICES = (
    ("", _("Newest first")),
    ("oldest", _("Oldest first")),
    ("last-active", _("Last active first")),
    ("longest-inactive", _("Longest inactive first")),
)


def value_of(order: Order) -> str:
    """Return the value of an order in the URL."""
    return next(value for value, each in ORDERS.items() if each == order)
