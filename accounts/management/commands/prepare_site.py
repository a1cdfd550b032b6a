from __future__ import annotations

import socket
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.urls import reverse

from accounts.demo.people import PASSWORD, SIGN_INS
from accounts.models import User
from sessions_admin.project.servers import require_reachable

OWN_APPS = ("accounts", "sessions_admin")


class Command(BaseCommand):
    help = "Prepare the site: migrate, and fill an empty database with demo data."
    # Some checks need what this command creates.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", default="8000", help="the port of 127.0.0.1 to serve on")

    def handle(self, *args: Any, port: str, **options: Any) -> None:
        require_free(port)
        require_reachable()
        require_known_migrations()
        call_command("migrate", interactive=False, verbosity=0)
        if not settings.DEBUG:
            call_command("collectstatic", interactive=False, verbosity=0)
        if not User.objects.exists():
            self.stdout.write("Filling the empty database with demo data …")
            call_command("seed_demo", stdout=self.stdout)
        self.describe(f"{'https' if settings.SECURE_SSL_REDIRECT else 'http'}://127.0.0.1:{port}")

    def describe(self, origin: str) -> None:
        """Print the site's URL and the people who can sign in."""
        self.stdout.write(f"\nSessions Admin: {origin}{reverse('sessions_admin:list')}\n")
        sign_ins = dict(SIGN_INS)
        there = set(User.objects.filter(email__in=sign_ins).values_list("email", flat=True))
        if there:
            self.stdout.write(f"Sign in with the password {PASSWORD} as one of these:")
        for email in sign_ins:
            if email in there:
                self.stdout.write(f"  {email:<24} {sign_ins[email]}")
        self.stdout.write("")


def require_known_migrations() -> None:
    """Raise CommandError for a database whose migrations predate the single initial one."""
    loader = MigrationLoader(connection)
    applied = {m for m in loader.applied_migrations or () if m[0] in OWN_APPS}
    unknown = applied - set(loader.disk_migrations or ())
    if unknown:
        name = connection.settings_dict["NAME"]
        raise CommandError(
            f"The database {name} was made by an earlier development version and cannot be "
            "migrated: remove it and run this again."
        )


def require_free(port: str) -> None:
    """Raise CommandError unless the site can listen on this port of 127.0.0.1."""
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise CommandError(f"PORT is {port!r}: write a number from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except OSError as error:
            raise CommandError(
                f"Port {port} of 127.0.0.1 cannot be used ({error.strerror}): "
                "stop what uses it, or choose another, as in make run PORT=8001."
            ) from error
