"""The site's addresses, and a Django admin as Django makes it, with the models of the app."""

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
