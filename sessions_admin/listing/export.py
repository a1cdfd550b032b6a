"""The columns and rows of an export, and the two formats, CSV and JSON Lines.

Rows are read in chunks along the index, as the pages read them, so an export of a million rows
needs no more memory than one of a thousand, and no transaction or cursor that a connection pooler
would have to keep.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_admin import moments
from sessions_admin.listing.pagination import Cursor, page_of
from sessions_admin.models import Export, TrackedSession
from sessions_admin.policy import Scope

CHUNK = 1000
# With one of these at the beginning, spreadsheets take a text for a formula. Some ignore line
# breaks before it, and read the wide characters of East Asian keyboards as the narrow ones. Where
# the comma is the decimal sign, Excel begins a cell after a semicolon, even within quotes.
FORMULA = re.compile('(^|;"*)(?=[-=+@\t\r\n\uff1d\uff0b\uff0d\uff20])')
# By which Excel recognises UTF-8.
BYTE_ORDER_MARK = "\ufeff"

# JSON allows them in texts; readers of JSON Lines may break the line there.
LINE_BREAKS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}

Cell = str | int | bool | datetime | list[str] | None


@dataclass(frozen=True)
class Column:
    """A column: its name in JSON, its heading in CSV as on the page, and its value of a row."""

    name: str
    heading: Any
    value: Callable[[Any], Cell]


@dataclass(frozen=True)
class Source:
    """What a page shows, to export: its columns, and its filtered rows as a reader may see them.

    ``rows`` takes the scope as it is when a chunk is read, and returns the rows in the parts that
    ``page_of`` merges, with ``read`` as its ``shown``; ``shown`` makes of the rows of one chunk
    those that the page would show.
    """

    page: Export.Page
    columns: Sequence[Column]
    rows: Callable[[Scope], Sequence[QuerySet[Any]]]
    shown: Callable[[Scope, list[Any]], list[Any]]
    read: QuerySet[Any] | None = None


def chunks(source: Source, scope_now: Callable[[], Scope]) -> Iterator[list[Any]]:
    """Yield all rows in chunks, newest first.

    ``scope_now`` returns the reader's scope at this moment, and raises an error if the reader may
    not read on; it is called for every chunk.
    """
    start: Cursor | None = None
    while True:
        scope = scope_now()
        rows = source.rows(scope)
        page = page_of(*rows, size=CHUNK, after=start, shown=source.read, plainly=True)
        if page.rows:
            yield source.shown(scope, page.rows)
        if page.older is None:
            return
        start = page.older


def beginning(file_format: str, columns: Sequence[Column]) -> str:
    """Return what a file begins with: in CSV the headings."""
    if file_format != Export.Format.CSV:
        return ""
    return BYTE_ORDER_MARK + _csv([[str(column.heading) for column in columns]])


def lines(file_format: str, columns: Sequence[Column], rows: Sequence[Any]) -> str:
    """Return these rows as lines of a file."""
    if file_format == Export.Format.CSV:
        return _csv([[_cell(column.value(row)) for column in columns] for row in rows])
    return "".join(
        _json_line({column.name: _json(column.value(row)) for column in columns}) for row in rows
    )


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _cell(value: Cell) -> str:
    """Return a value as text for a spreadsheet, which must not take it for a formula."""
    if isinstance(value, list):
        text = get_text_list(value, gettext("and"))
    else:
        text = str(_json(value)) if value is not None else ""
    return FORMULA.sub(r"\1'", text)


def _json_line(row: dict[str, Any]) -> str:
    # Names from the settings may be translated only when they are read.
    text = json.dumps(row, ensure_ascii=False, default=str)
    return f"{text.translate(LINE_BREAKS)}\n"


def _json(value: Cell) -> Any:
    if isinstance(value, datetime):
        return timezone.localtime(moments.aware(value)).isoformat(timespec="seconds")
    return value


def _browser(session: TrackedSession) -> str:
    return session.device_now.browser_text or gettext("Unknown browser")


def _current(session: TrackedSession, name: str) -> str:
    """Return a text of the current origin, if that is not the one of the sign-in."""
    return getattr(session.now, name) or "" if session.now else ""


SESSION_COLUMNS = (
    Column("user", _("User"), lambda s: s.user_name),
    Column("email", _("Email"), lambda s: s.user_email),
    Column("account", _("Account"), lambda s: s.account_name),
    Column("application", _("Application"), lambda s: s.application_name),
    Column("ip_address", _("IP address"), lambda s: s.ip_address or ""),
    Column("location", _("Location"), lambda s: s.location),
    Column("device", _("Device"), lambda s: s.device_now.device or gettext("Unknown device")),
    Column("browser", _("Browser"), _browser),
    Column("created_on", _("Created On"), lambda s: s.created_at),
    Column("last_active", _("Last active"), lambda s: s.last_seen_at),
    Column("current_ip_address", _("Current IP address"), lambda s: _current(s, "ip_address")),
    Column("current_location", _("Current location"), lambda s: _current(s, "location")),
    Column("current_device", _("Current device"), lambda s: _current(s, "device_label")),
    Column("flags", _("Flags"), lambda s: [str(flag.label) for flag in s.flags]),
    Column("session", _("Session ID"), lambda s: str(s.public_id)),
)
# Of sessions with their ``status`` as the login records show it (``views.record_status``).
RECORD_COLUMNS = (
    *SESSION_COLUMNS,
    Column("sign_in_method", _("Sign-in method"), lambda s: s.sign_in_method_text),
    Column("status", _("Status"), lambda s: s.status.text),
    Column("ended", _("Ended"), lambda s: s.status.at),
    Column("end_reason", _("End reason"), lambda s: s.status.reason),
    Column("terminated_by", _("Terminated by"), lambda s: s.status.admin),
    Column("reuse_attempts", _("Reuse attempts"), lambda s: s.reuse_count),
    Column("reused_elsewhere", _("Reused elsewhere"), lambda s: s.was_reused_elsewhere),
)
# Of entries as the log shows them (``views.log_entries``).
LOG_COLUMNS = (
    Column("date", _("Date"), lambda e: e.termination.created_at),
    Column("admin", _("Admin"), lambda e: e.termination.actor_label),
    Column("action", _("Action"), lambda e: e.scope),
    Column("reason", _("Reason"), lambda e: e.reason),
    Column("result", _("Result"), lambda e: e.result),
    Column("requested", _("Requested"), lambda e: e.termination.requested if e.is_whole else None),
    Column("terminated", _("Terminated"), lambda e: e.ended),
    Column(
        "already_ended",
        _("Already ended"),
        lambda e: e.termination.already_gone if e.is_whole else None,
    ),
    Column("failed", _("Failed"), lambda e: e.termination.failed if e.is_whole else None),
    Column("reused_sessions", _("Reused elsewhere"), lambda e: e.reuse_count),
    Column("entry", _("Entry ID"), lambda e: str(e.termination.public_id)),
)
