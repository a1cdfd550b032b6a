"""The URLs of django-hijack."""

from django.urls import include, path

from projects.urls import urlpatterns as own

urlpatterns = [path("hijack/", include("hijack.urls")), *own]
