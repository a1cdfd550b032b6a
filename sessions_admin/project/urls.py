"""Addresses of the site."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path(
        "account-management/advanced-security/active-user-sessions/",
        include("sessions_admin.urls"),
    ),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
]
