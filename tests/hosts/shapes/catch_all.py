"""URLs that match everything before the app's."""

from shapes.startproject import *

ROOT_URLCONF = "shapes.catch_all_urls"
EXPECTED_CHECKS = ["sessions_admin.E006"]
