"""URLs of the small projects."""

from django.urls import include, path

from projects.plain_urls import COMMON

OURS = path("active-user-sessions/", include("sessions_admin.urls"))
urlpatterns = [*COMMON, OURS]
