"""The app's configuration, which registers its checks and connects its signal receivers."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import pre_migrate
from django.utils.translation import gettext_lazy as _


class SessionsAdminConfig(AppConfig):
    name = "sessions_admin"
    verbose_name = _("Active user sessions")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # These import models, which Django allows only from here on.
        from sessions_admin import (
            checks,
            client,
            host_checks,
            reauthentication,
            redaction,
            sqlite_functions,
            tracking,
        )
        from sessions_admin.termination import user_changes

        checks.register()
        pre_migrate.connect(host_checks.refuse_unsuitable_databases, sender=self)
        sqlite_functions.connect()
        tracking.connect()
        tracking.tokens.connect()
        reauthentication.connect()
        user_changes.connect()
        redaction.install()
        client.share_reading()
