"""A LOGIN_URL that names no page."""

from projects.startproject import *

LOGIN_URL = "no_such_page"
EXPECTED_CHECKS = ["sessions_admin.E007"]
