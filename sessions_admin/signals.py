"""Signals for projects: sessions that start, move and end, and terminations that finish.

Each signal is sent after the commit. Errors of receivers are logged and break nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.db import models, router, transaction
from django.dispatch import Signal

# Sent with ``session``, the row of a new login, and its ``request``.
session_started = Signal()
# Sent with ``session``, and ``origin``: the address and browser it is used from now.
session_moved = Signal()
# Sent with ``sessions``, a queryset of those that ended together, their ``reason`` (a value of
# ``TrackedSession.EndReason``), and ``termination``: its record, or ``None``.
session_ended = Signal()
# Sent with ``termination``, once it is complete.
termination_finished = Signal()


def send(signal: Signal, sender: type[models.Model], **values: Any) -> None:
    """Send the signal after the transaction is committed."""
    if signal.has_listeners(sender):
        transaction.on_commit(
            partial(signal.send_robust, sender, **values),
            using=router.db_for_write(sender),
            robust=True,
        )


def send_ended(
    model: type[models.Model], pks: Iterable[int], *, reason: str, termination: Any = None
) -> None:
    """Send ``session_ended`` once for all of these rows."""
    if ended := list(pks):
        rows = model._default_manager.filter(pk__in=ended)
        send(session_ended, model, sessions=rows, reason=reason, termination=termination)
