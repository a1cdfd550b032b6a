"""Remove old records and mask old addresses (RETENTION_DAYS, MASK_ADDRESSES_AFTER_DAYS).

Open sessions are never touched. Called by the sweep.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import connections, router
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from sessions_admin import conf
from sessions_admin.isolation import isolated
from sessions_admin.models import Export, Termination, TrackedSession
from sessions_admin.querysets import TrackedSessionQuerySet
from sessions_admin.transactions import writing

logger = logging.getLogger(__name__)

# A masked address still identifies the network of a household or an office, not the machine.
KEPT_BITS = {4: 24, 6: 48}
# The log names up to this many of the records that could not be removed or masked.
NAMED = 20
MOST_LEFT_OUT = 1000
MASKED = ("ip_address", "reused_ip", "other_origins")


def outdated_sessions() -> TrackedSessionQuerySet:
    """Return the records of ended sessions that are past their retention."""
    if (before := _days_ago(conf.current().retention_days)) is None:
        return TrackedSession.objects.none()
    # Naming both values of the first column lets the database use the index "sa_ended".
    return TrackedSession.objects.filter(is_masked__in=[False, True], ended_at__lt=before)


def outdated_terminations() -> Any:
    """Return the terminations past their retention whose sessions have been removed."""
    if (before := _days_ago(conf.current().retention_days)) is None:
        return Termination.objects.none()
    kept = TrackedSession.objects.filter(termination=OuterRef("pk"))
    return Termination.objects.filter(~Exists(kept), created_at__lt=before)


def outdated_exports() -> Any:
    """Return the records of exports that are past their retention."""
    if (before := _days_ago(conf.current().retention_days)) is None:
        return Export.objects.none()
    return Export.objects.filter(created_at__lt=before)


def unmasked_sessions() -> TrackedSessionQuerySet:
    """Return the records whose addresses are due to be masked."""
    if (before := _days_ago(conf.current().mask_addresses_after_days)) is None:
        return TrackedSession.objects.none()
    lately = Q(reused_at__gte=before)
    return TrackedSession.objects.filter(is_masked=False, ended_at__lt=before).exclude(lately)


def remove(rows: Any, *, batch: int) -> int:
    """Delete these rows in batches; return how many were deleted."""
    return _each_batch(rows, lambda pks: rows.model.objects.filter(pk__in=pks).delete(), batch)


def mask(rows: TrackedSessionQuerySet, *, batch: int) -> int:
    """Mask the addresses of these rows in batches; return how many rows were masked."""
    return _each_batch(rows, lambda pks: _mask(rows.filter(pk__in=pks)), batch)


def _each_batch(rows: Any, act: Callable[[Sequence[int]], object], batch: int) -> int:
    """Call ``act`` for all rows in batches, skipping rows that fail; return how many succeeded.

    ``act`` must change its rows so that they no longer match ``rows``.
    """
    done = 0
    left_out: list[int] = []
    due = rows.order_by().values_list("pk", flat=True)
    while pks := list(due.exclude(pk__in=left_out)[:batch]):
        failures = isolated(pks, partial(_in_a_transaction, act))
        done += len(pks) - len(failures.of)
        left_out += failures.of
        if failures.of:
            logger.error(
                "%d records could not be removed or masked (%s)",
                len(failures.of),
                ", ".join(_names(rows, failures.of)),
                exc_info=failures.error,
            )
        if len(left_out) > MOST_LEFT_OUT:
            break
    return done


def _in_a_transaction(act: Callable[[Sequence[int]], object], pks: Sequence[int]) -> None:
    with writing():
        act(pks)


def _names(rows: Any, pks: list[int]) -> list[str]:
    found = rows.model.objects.filter(pk__in=pks[:NAMED])
    return [str(public_id) for public_id in found.values_list("public_id", flat=True)]


def _mask(rows: TrackedSessionQuerySet) -> int:
    """Mask one batch with ``executemany``, since ``bulk_update`` takes three times as long."""
    meta: Any = TrackedSession._meta
    using = router.db_for_write(TrackedSession)
    connection = connections[using]
    quote = connection.ops.quote_name
    fields = [meta.get_field(name) for name in MASKED]
    columns = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    statement = (
        f"UPDATE {quote(meta.db_table)} SET is_masked = %s, {columns} "  # noqa: S608
        f"WHERE {quote(meta.pk.column)} = %s"
    )
    with writing(using), connection.cursor() as cursor:
        # Locked, in the order that all code uses, so that a reuse recorded meanwhile keeps its
        # address.
        locked = rows.using(using).select_for_update().order_by("pk")
        values = []
        for row in locked.only("pk", *MASKED):
            row.ip_address = masked_ip(row.ip_address)
            row.reused_ip = masked_ip(row.reused_ip)
            for origin in row.other_origins:
                origin["ip_address"] = masked_ip(origin.get("ip_address"))
            saved = [f.get_db_prep_save(getattr(row, f.name), connection) for f in fields]
            values.append([True, *saved, row.pk])
        if values:
            cursor.executemany(statement, values)
    return len(values)


def masked_ip(ip_address: str | None) -> str | None:
    """Return the address with its last 8 bits (IPv4) or 80 bits (IPv6) set to zero."""
    if ip_address is None:
        return None
    version = ipaddress.ip_address(ip_address).version
    network = ipaddress.ip_network(f"{ip_address}/{KEPT_BITS[version]}", strict=False)
    return str(network.network_address)


def _days_ago(days: int) -> datetime | None:
    """Return the time that many days ago; ``None`` for 0, which means never."""
    return timezone.now() - timedelta(days=days) if days else None
