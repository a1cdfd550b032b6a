"""The app's URLs in two namespaces, and below a whole path."""

from django.urls import include, path

OURS = "sessions_admin.urls"
urlpatterns = [
    path("panel/", include(([path("sessions/", include(OURS))], "panel"))),
    path("staff/", include(OURS, namespace="staff")),
    path("<path:where>/sessions/", include(OURS)),
]
