"""URLs of the small projects without the app's."""

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from projects.parts import me

ADMIN = [path("admin/", admin.site.urls)] if apps.is_installed("django.contrib.admin") else []
COMMON = [
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("me/", me, name="me"),
    *ADMIN,
]

urlpatterns = COMMON
