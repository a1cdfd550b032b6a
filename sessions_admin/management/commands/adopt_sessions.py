"""Write rows for the sessions that began before the app was installed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sessions_admin import engines, liveness
from sessions_admin.tracking import adoption


class Command(BaseCommand):
    help = (
        "Write a row for each session in the store that is signed in and has none, so that it is "
        "listed and can be terminated before its next request. Run it once after the "
        "installation; it is safe to repeat, and to run several at the same time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch", type=int, default=1000, help="sessions at a time (1000)")

    def handle(self, *args: Any, batch: int, **options: Any) -> None:
        if batch < 1:
            raise CommandError("--batch must be a whole number of 1 or more.")
        if not engines.can_end_sessions() or not engines.current().can_enumerate:
            raise CommandError(
                "This session store cannot say which sessions it has. Sessions from before the "
                "installation are listed from their next request on."
            )
        done = adoption.Adopted()
        try:
            for step in adoption.adopt(batch=batch):
                done += step
                self.stderr.write(f"{done.looked_at} sessions looked at, {done.adopted} adopted")
        except liveness.StoreUnavailableError as error:
            raise CommandError(
                f"The session store does not answer ({type(error.__cause__).__name__}). "
                f"{done.adopted} sessions had been adopted before. Run the command again."
            ) from error
        self.stdout.write(f"{done.looked_at} sessions looked at, {done.adopted} adopted.")
        if done.failed:
            raise CommandError(f"{done.failed} sessions could not be adopted; the log says why.")
