from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError

from accounts.models import User


class Command(BaseCommand):
    help = "Fill an empty database with demo accounts and people, signed in on many devices."

    def handle(self, *args: Any, **options: Any) -> None:
        # Imported here because the demo's map needs a package that only the site installs.
        from accounts.demo.seeding import seed

        if User.objects.exists():
            raise CommandError("This database already has people. The demo needs an empty one.")
        sessions = seed()
        self.stdout.write(f"Demo data: {User.objects.count()} people, {sessions} active sessions.")
