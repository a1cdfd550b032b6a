"""Makes the site's own Django admin Django's default one."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class SiteAdminConfig(AdminConfig):
    default_site = "sessions_admin.project.admin.Site"
