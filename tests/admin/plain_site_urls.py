"""The site's URLs with Django's default admin site, and the app's models in it."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from sessions_admin.admin import TerminationAdmin, TrackedSessionAdmin
from sessions_admin.models import Termination, TrackedSession

plain = admin.AdminSite(name="plain")
plain.register(TrackedSession, TrackedSessionAdmin)
plain.register(Termination, TerminationAdmin)

urlpatterns = [
    path("plain/", plain.urls),
    path("", include("sessions_admin.project.urls")),
]
