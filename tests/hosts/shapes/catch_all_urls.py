"""A content management system's URLs, which match everything, before the app's."""

from django.urls import path

from shapes.parts import anything
from shapes.urls import COMMON, OURS

urlpatterns = [*COMMON, path("<path:path>", anything), OURS]
