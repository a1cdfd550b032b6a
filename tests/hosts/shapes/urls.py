"""URLs of the project with a user model of its own."""

from django.urls import include, path

from tests.hosts.shapes import access

urlpatterns = [
    path("", access.home),
    path("sign-in/", access.sign_in),
    path("active-user-sessions/", include("sessions_admin.urls")),
]
