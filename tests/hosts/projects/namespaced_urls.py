"""The app's URLs in a namespace of the project."""

from django.urls import include, path

from projects.urls import COMMON, OURS

urlpatterns = [*COMMON, path("panel/", include(([OURS], "panel"), namespace="panel"))]
