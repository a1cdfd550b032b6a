"""Keeps session keys out of the log where an error of somebody else's names one.

The file engine names its files by the key, so an error of the file system does; PostgreSQL says
which value was there already. The app's own loggers have the filter; Django's records pass it
where a handler of the project's LOGGING has it, too.
"""

from __future__ import annotations

import logging
import re

from django.conf import settings

REDACTED = "[session key]"


def install() -> None:
    """Give the filter to the app's own loggers."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("sessions_admin."):
            logging.getLogger(name).addFilter(KeyRedaction())


class KeyRedaction(logging.Filter):
    """Takes keys out of the message and the traceback of a record; lets every record pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if (clean := redacted(message)) != message:
            record.msg, record.args = clean, None
        if record.exc_info and not record.exc_text:
            text = logging.Formatter().formatException(record.exc_info)
            if (clean := redacted(text)) != text:
                # Formatters take this text instead of writing the traceback themselves.
                record.exc_text = clean
        return True


def redacted(text: str) -> str:
    """``text`` without what stands where a session key would."""
    file_name = rf"(?<=[/\\]{re.escape(settings.SESSION_COOKIE_NAME)})[0-9A-Za-z]{{8,}}"
    duplicate = r"(?<=\(session_key\)=\()[^)]+"
    return re.sub(f"{file_name}|{duplicate}", REDACTED, text)
