"""Sends mail after the response, in a separate thread.

Otherwise the response time would reveal whether a person with the given address exists, and a slow
mail server would delay the page.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

logger = logging.getLogger(__name__)

# The process waits for this executor before it exits, so queued mail is sent.
_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


class LaterBackend(BaseEmailBackend):
    """Hands mail to the backend named by BACKGROUND_EMAIL_BACKEND and logs its failures."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        messages = list(email_messages)
        _sender.submit(_send, messages)
        return len(messages)


def _send(messages: list[EmailMessage]) -> None:
    try:
        get_connection(settings.BACKGROUND_EMAIL_BACKEND).send_messages(messages)
    except Exception:
        logger.exception("%d messages could not be sent", len(messages))
