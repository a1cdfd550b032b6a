"""URLs of the plain project."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls)]

urlpatterns += [path("active-user-sessions/", include("sessions_admin.urls"))]
