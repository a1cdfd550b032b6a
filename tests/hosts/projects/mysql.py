"""A database that the app does not work on."""

from projects.startproject import *

DATABASES["default"]["ENGINE"] = "projects.mysql_like"
EXPECTED_CHECKS = ["sessions_admin.E008"]
