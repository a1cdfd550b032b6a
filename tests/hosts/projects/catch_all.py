"""URLs that match everything before the app's."""

from projects.startproject import *

ROOT_URLCONF = "projects.catch_all_urls"
EXPECTED_CHECKS = ["sessions_admin.E006"]
