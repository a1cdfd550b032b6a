"""Show that the promises of the app hold in this project."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import checks
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections, router

from sessions_admin import doctor
from sessions_admin.models import TrackedSession


class Command(BaseCommand):
    help = (
        "Sign a throwaway person in through this project's middleware, look at the list, terminate "
        "the session, use its cookie again, and say line by line what held. All that it creates is "
        "removed again. Receivers of signals (sign-ins, new users) are called."
    )
    # Reported below, together with the rest.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--user",
            help="the user name of somebody to sign in, instead of creating a person; their own "
            "sessions are not touched",
        )
        parser.add_argument("--host", help="the host name of the requests, one of ALLOWED_HOSTS")
        parser.add_argument(
            "--list-url",
            help="the path of the page, if your URLs have it below a value (/acme/sessions/)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self._say_what_is_examined()
        failed = not self._checks_pass()
        try:
            person = self._person(options["user"])
            try:
                examination = doctor.Examination(
                    person=person,
                    is_throwaway=not options["user"],
                    host=options["host"] or doctor.host(),
                    list_url=options["list_url"] or doctor.url_of_list(),
                )
            except BaseException:
                if not options["user"]:
                    person.delete()
                raise
            self.stdout.write(f"As {person.get_username()}, on {examination.host}:")
            failed |= self._examine(examination)
        except doctor.CannotExamineError as error:
            raise CommandError(str(error)) from error
        if failed:
            raise CommandError("Not everything held: see the lines above.")
        self.stdout.write("Everything held.")

    def _examine(self, examination: doctor.Examination) -> bool:
        """Write what held; return whether something did not."""
        failed = False
        try:
            with _refusals_unlogged():
                for finding in examination.findings():
                    failed |= not self._report(finding.held, finding.text, finding.why)
        finally:
            examination.clean_up()
        self._report(True, "All that was created is removed")
        return failed

    def _report(self, held: bool, text: str, why: str = "") -> bool:
        if held:
            self.stdout.write(f"{self.style.SUCCESS('ok')}      {text}")
        else:
            self.stdout.write(f"{self.style.ERROR('FAILED')}  {text}: {why}")
        return held

    def _say_what_is_examined(self) -> None:
        database = connections[router.db_for_write(TrackedSession)].display_name
        engine = settings.SESSION_ENGINE
        self.stdout.write(f"Django {django.__version__}, {database}, sessions in {engine}")

    def _checks_pass(self) -> bool:
        """Report the system checks of the app; return whether there are no errors among them."""
        found = [
            each for each in checks.run_checks(tags=["sessions_admin"]) if not each.is_silenced()
        ]
        errors = [each for each in found if each.level >= checks.ERROR]
        for each in found:
            self.stdout.write(str(each))
        return self._report(not errors, "The system checks have no errors", "see the errors above")

    def _person(self, name: str | None) -> Any:
        if name is None:
            return doctor.create_person()
        people: Any = get_user_model()._default_manager
        try:
            return people.get_by_natural_key(name)
        except get_user_model().DoesNotExist as error:
            raise doctor.CannotExamineError(f"There is no user named {name!r}.") from error


@contextmanager
def _refusals_unlogged() -> Iterator[None]:
    """Keep refused requests out of Django's log, which shows a traceback for each in development.

    They are what is examined; errors (5xx) are still logged.
    """
    logger = logging.getLogger("django.request")
    logger.addFilter(_is_error)
    try:
        yield
    finally:
        logger.removeFilter(_is_error)


def _is_error(record: logging.LogRecord) -> bool:
    return getattr(record, "status_code", 500) >= 500
