"""Brings the rows in step with the session store, where that forgets sessions silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sessions_admin import endings, engines, liveness
from sessions_admin.models import TrackedSession


class Command(BaseCommand):
    help = (
        "End the rows of sessions that expired, were evicted or are no longer accepted. "
        "Run it every few minutes; several at once do no harm."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would end")
        parser.add_argument("--batch", type=int, default=1000, help="rows at a time (1000)")

    def handle(self, *args: Any, dry_run: bool, batch: int, **options: Any) -> None:
        if batch < 1:
            raise CommandError("--batch takes a whole number of 1 or more.")
        total, checked, ended = endings.settled().count(), 0, Counter[str]()
        try:
            for rows in self._batches(batch):
                ended += endings.reconcile(rows, dry_run=dry_run)
                checked += len(rows)
                self.stderr.write(f"{checked} of {total} checked, {ended.total()} to end")
        except liveness.StoreUnavailableError as error:
            raise CommandError(
                f"The session store does not answer ({error.__cause__}). "
                f"{ended.total()} rows had been ended before."
            ) from error
        if not dry_run:
            engines.current().forget_old_refusals()
        self.stdout.write(self._summary(checked, ended, dry_run=dry_run))

    def _batches(self, size: int) -> Iterator[list[TrackedSession]]:
        last = 0
        walk = endings.settled().select_related("user").order_by("pk")
        while rows := list(walk.filter(pk__gt=last)[:size]):
            yield rows
            last = rows[-1].pk

    def _summary(self, checked: int, ended: Counter[str], *, dry_run: bool) -> str:
        verb = "would end" if dry_run else "ended"
        reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(ended.items()))
        return f"{checked} sessions checked; {verb} {ended.total()}. {reasons}".strip()
