"""Reconcile the rows with the session store, apply limits and remove old records."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sessions_admin import engines, liveness
from sessions_admin.listing.pagination import batches
from sessions_admin.termination import bulk, limits, retention, sweep


class Command(BaseCommand):
    help = (
        "Mark expired, evicted and rejected sessions as ended; end sessions that are over a limit; "
        "remove old records and mask old addresses. Run it every few minutes; it is safe to run "
        "several at the same time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only show what would end")
        parser.add_argument("--batch", type=int, default=1000, help="rows per step (default: 1000)")

    def handle(self, *args: Any, dry_run: bool, batch: int, **options: Any) -> None:
        if batch < 1:
            raise CommandError("--batch must be a whole number of 1 or more.")
        try:
            if not dry_run:
                for termination in bulk.finish_abandoned():
                    self.stdout.write(f"Finished an interrupted termination: {termination}")
        finally:
            # The rows are checked even if a termination cannot be continued.
            self._sweep(batch, dry_run=dry_run)

    def _sweep(self, batch: int, *, dry_run: bool) -> None:
        total, checked, ended = sweep.settled().count(), 0, Counter[str]()
        try:
            ended += self._overdue(batch, dry_run=dry_run)
            for rows in batches(sweep.settled().for_liveness(), batch):
                ended += sweep.reconcile(rows, dry_run=dry_run)
                checked += len(rows)
                self.stderr.write(f"{checked} of {total} checked, {ended.total()} to end")
        except liveness.StoreUnavailableError as error:
            raise CommandError(
                f"The session store did not respond ({error.__cause__}). "
                f"{ended.total()} sessions had already been ended."
            ) from error
        if not dry_run:
            engines.current().forget_old_refusals()
        self.stdout.write(self._summary(checked, ended, dry_run=dry_run))
        if kept_too_long := self._keep_no_longer(batch, dry_run=dry_run):
            self.stdout.write(kept_too_long)

    def _overdue(self, batch: int, *, dry_run: bool) -> Counter[str]:
        if dry_run:
            return Counter({reason: rows.count() for reason, rows in limits.overdue().items()})
        return limits.end_overdue(batch=batch)

    def _keep_no_longer(self, batch: int, *, dry_run: bool) -> str:
        """Remove and mask the records that are due; return a summary, empty if there were none."""
        done = []
        for rows_due, act, what in (
            (retention.outdated_sessions, retention.remove, "records removed"),
            (retention.outdated_terminations, retention.remove, "terminations removed"),
            (retention.outdated_exports, retention.remove, "exports removed"),
            (retention.unmasked_sessions, retention.mask, "addresses masked"),
        ):
            rows = rows_due()
            if number := rows.count() if dry_run else act(rows, batch=batch):
                done.append(f"{number} {what}")
        said = ", ".join(done)
        return f"Would be done: {said}." if dry_run and said else said and f"{said}."

    def _summary(self, checked: int, ended: Counter[str], *, dry_run: bool) -> str:
        verb = "would end" if dry_run else "ended"
        reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(ended.items()))
        return f"{checked} sessions checked; {verb} {ended.total()}. {reasons}".strip()
