"""The URLs of allauth and its headless API."""

from django.urls import include, path

from projects.urls import urlpatterns as own

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("_allauth/", include("allauth.headless.urls")),
    *own,
]
