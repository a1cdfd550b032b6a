"""The model of an export, which is an administrative act and on record like a termination."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Export(models.Model):
    """One export: who downloaded which rows of a page, and how many.

    Written before the first row leaves, and again before each part of the file, so that a download
    that breaks off, or whose process dies, is on record with the rows that may have left.
    """

    class Page(models.TextChoices):
        SESSIONS = "sessions", _("Active user sessions")
        RECORDS = "records", _("Login records")
        LOG = "log", _("Termination log")

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        JSON_LINES = "jsonl", "JSON Lines"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    actor_label = models.CharField(_("admin"), max_length=320)
    created_at = models.DateTimeField(_("date"), default=timezone.now, db_index=True)
    page = models.CharField(_("page"), max_length=10, choices=Page)
    format = models.CharField(_("format"), max_length=10, choices=Format)
    # The ids of the accounts whose rows it could contain; empty means all accounts.
    account_ids = models.JSONField(default=list)
    # The values by the names of the filters, to be said in the reader's language, and what the
    # account and the user in them were called. See ``views.export_records``.
    filters = models.JSONField(_("filters"), default=dict)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    # ``None`` while it is in progress, or if its process died.
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)
    # Whether all rows were sent, as far as the server knows.
    is_complete = models.BooleanField(_("complete"), default=False)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.actor_label}: {self.get_page_display()}"
