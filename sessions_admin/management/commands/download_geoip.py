"""Download or update the location database, also while servers are running.

The new file replaces the old one in one step, and servers use it from their next lookup on.
Do not copy over the old file by hand: servers have it mapped into memory, and crash if they read
it while it is shorter than before. Copy beside it, then rename.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from django.utils import timezone
from django.utils.dateformat import format as format_date

from sessions_admin.client import geoip_download
from sessions_admin.client.geoip_download import DownloadError, Source
from sessions_admin.client.locations import UnusableDatabaseError, files_in, open_database

ACCOUNT_ID = "MAXMIND_ACCOUNT_ID"
LICENCE_KEY = "MAXMIND_LICENSE_KEY"
HOSTS = {"dbip": geoip_download.DBIP_HOST, "maxmind": geoip_download.MAXMIND_HOST}
MB = 1_000_000


class Command(BaseCommand):
    help = (
        "Download a free location database to GEOIP_PATH: DB-IP Lite, or MaxMind "
        f"GeoLite2 when {ACCOUNT_ID} and {LICENCE_KEY} are in the environment. Run it every month; "
        "running servers use the new database immediately."
    )
    # A system check reports the missing file that this command downloads.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", choices=HOSTS, help="the source to download from")
        parser.add_argument("--edition", choices=geoip_download.EDITIONS, default="city")
        parser.add_argument("--to", type=Path, metavar="PATH", help="instead of GEOIP_PATH")
        parser.add_argument(
            "--force",
            action="store_true",
            help="replace the existing file, even if it is not from these sources",
        )
        parser.add_argument(
            "--url",
            metavar="URL",
            help="a mirror with the source's paths, to use instead of its host",
        )

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        source = _source(options["source"], options["edition"], options["url"])
        try:
            target = _target(options["to"], options["edition"])
            if not options["force"]:
                _require_replaceable(target)
        except OSError as error:
            raise CommandError(f"{error.filename} cannot be read: {error.strerror}.") from error
        progress = Progress(self.stderr, is_silent=verbosity == 0)
        try:
            with _ending_cleanly():
                database = geoip_download.download(source, target, progress=progress)
        except DownloadError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            code = error.args[0] if error.args else 128 + signal.SIGINT
            raise CommandError("Interrupted: nothing was changed.", returncode=code) from error
        finally:
            progress.end()
        if verbosity > 0:
            built, size = format_date(database.built_at, "j M Y"), target.stat().st_size
            self.stdout.write(f"{database.type} of {built}, {_megabytes(size)} MB, at {target}")


@contextlib.contextmanager
def _ending_cleanly() -> Iterator[None]:
    """Clean up on SIGTERM, as sent by cron or a container runtime, like on Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread can handle signals.
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise KeyboardInterrupt(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Progress:
    """Shows the progress: on a terminal in one line, elsewhere in a line for every tenth."""

    def __init__(self, out: OutputWrapper, *, is_silent: bool) -> None:
        self.out = out
        self.is_silent = is_silent
        self.is_terminal = out.isatty()
        self.last = ""

    def __call__(self, done: int, total: int | None) -> None:
        if self.is_silent:
            return
        text = self._text(done, total)
        if text == self.last:
            return
        self.last = text
        if self.is_terminal:
            # The spaces overwrite the end of a longer previous line.
            self.out.write(f"\r{text}   ", style_func=str, ending="")
            self.out.flush()
        else:
            self.out.write(text, style_func=str)

    def end(self) -> None:
        if self.is_terminal and self.last:
            self.out.write("", style_func=str)

    def _text(self, done: int, total: int | None) -> str:
        if not total:
            step = MB if self.is_terminal else 10 * MB
            return f"{done // step * step // MB} MB"
        percent = done * 100 // total
        if self.is_terminal:
            return f"{percent} % of {_megabytes(total)} MB"
        return f"{percent // 10 * 10} % of {_megabytes(total)} MB"


def _source(name: str | None, edition: str, mirror: str | None) -> Source:
    """Return the requested source; by default MaxMind with credentials for it, else DB-IP."""
    account_id, licence_key = (os.environ.get(v, "").strip() for v in (ACCOUNT_ID, LICENCE_KEY))
    name = name or ("maxmind" if account_id or licence_key else "dbip")
    host = (mirror or HOSTS[name]).rstrip("/")
    if not host.startswith(("https://", "http://")):
        raise CommandError("--url must be the address of a mirror, such as https://mirror.example.")
    if name == "dbip":
        return geoip_download.dbip(edition, timezone.now().date(), host)
    if not (account_id and licence_key):
        raise CommandError(
            f"MaxMind requires an account: set {ACCOUNT_ID} and {LICENCE_KEY} in the environment, "
            "or use --source dbip, which needs none."
        )
    return geoip_download.maxmind(edition, account_id, licence_key, host)


def _target(given: Path | None, edition: str) -> Path:
    path = given or getattr(settings, "GEOIP_PATH", None)
    if not path:
        raise CommandError(
            "GEOIP_PATH is not set: add it to the settings, as in "
            'GEOIP_PATH = BASE_DIR / "City.mmdb", or use --to PATH.'
        )
    path = Path(str(path))
    if not path.is_dir():
        return path
    city, country = files_in(path)
    return city if edition == "city" else country


def _require_replaceable(target: Path) -> None:
    """Raise CommandError if the target is a commercial database or another kind of file."""
    if not target.exists():
        return
    try:
        found = open_database(target).type
    except UnusableDatabaseError:
        found = "not a valid database"
    if found not in geoip_download.TYPES:
        raise CommandError(
            f"{target} is not from these sources ({found}): "
            "replace it with --force, or write elsewhere with --to PATH."
        )


def _megabytes(size: int) -> str:
    return f"{size / MB:.0f}" if size >= MB else f"{size / MB:.1f}"
