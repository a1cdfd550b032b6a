"""URLs of the site."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path(
        "account-management/advanced-security/active-user-sessions/",
        include("sessions_admin.urls"),
    ),
    # Beside the list, as the navigation shows them.
    path(
        "account-management/advanced-security/login-records/",
        RedirectView.as_view(pattern_name="sessions_admin:login_records", query_string=True),
    ),
    # The Django admin's own page would allow unlimited guesses at the old password.
    path("admin/password_change/", RedirectView.as_view(pattern_name="password_change")),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
]

handler404 = "sessions_admin.project.not_found.not_found"
