"""A content management system's URLs, which match everything, before the app's."""

from django.urls import path

from projects.parts import anything
from projects.urls import COMMON, OURS

urlpatterns = [*COMMON, path("<path:path>", anything), OURS]
