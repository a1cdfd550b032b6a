"""Tells Django about the app and connects what watches sign-ins and sign-outs."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SessionsAdminConfig(AppConfig):
    name = "sessions_admin"
    verbose_name = _("Active user sessions")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sessions_admin import checks, client, endings, redaction, step_up, tracking

        checks.register()
        tracking.connect()
        step_up.connect()
        endings.connect()
        redaction.install()
        client.share_reading()
