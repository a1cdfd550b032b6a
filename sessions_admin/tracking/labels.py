"""Keep the label of people in their open rows, which a search reads if names are computed.

Names in columns of the user table are searched there, and rows keep the label of the sign-in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sessions_admin import people
from sessions_admin.models import TrackedSession


def renew(rows: Iterable[TrackedSession]) -> None:
    """Write the present label into those of these open rows that have a former one.

    Needs ``select_related("user")``.
    """
    if not people.are_computed():
        return
    renamed = defaultdict(list)
    for row in rows:
        if row.user is not None and row.user_label != (label := people.label_of(row.user)):
            renamed[label].append(row.pk)
    for label, pks in renamed.items():
        TrackedSession.objects.filter(pk__in=pks, ended_at=None).update(user_label=label)
