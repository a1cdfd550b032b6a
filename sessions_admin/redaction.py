"""Remove session keys from log records.

The app logs none, but errors from elsewhere can contain one: the ``file`` engine names its files
after the key, and PostgreSQL quotes duplicate values. The app's own loggers have the filter; for
Django's records, add it to a handler in the project's LOGGING.
"""

from __future__ import annotations

import logging
import re

from django.conf import settings

REDACTED = "[session key]"


def install() -> None:
    """Add the filter to the app's own loggers."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("sessions_admin."):
            logging.getLogger(name).addFilter(KeyRedaction())


class KeyRedaction(logging.Filter):
    """A filter that removes keys from a record's message and traceback, and drops no record."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if (clean := redacted(message)) != message:
            record.msg, record.args = clean, None
        if record.exc_info and not record.exc_text:
            text = logging.Formatter().formatException(record.exc_info)
            if (clean := redacted(text)) != text:
                # Formatters use this text instead of formatting the traceback again.
                record.exc_text = clean
        return True


def redacted(text: str) -> str:
    """Return the text with everything that could be a session key replaced."""
    file_name = rf"(?<=[/\\]{re.escape(settings.SESSION_COOKIE_NAME)})[0-9A-Za-z]{{8,}}"
    duplicate = r"(?<=\(session_key\)=\()[^)]+"
    return re.sub(f"{file_name}|{duplicate}", REDACTED, text)
