"""URLs of the small projects."""

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from shapes.parts import me

ADMIN = [path("admin/", admin.site.urls)] if apps.is_installed("django.contrib.admin") else []
OURS = path("active-user-sessions/", include("sessions_admin.urls"))
COMMON = [
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("me/", me, name="me"),
    *ADMIN,
]

urlpatterns = [*COMMON, OURS]
