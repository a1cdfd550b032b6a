"""A database that the app does not work on."""

from shapes.startproject import *

DATABASES["default"]["ENGINE"] = "shapes.mysql_like"
EXPECTED_CHECKS = ["sessions_admin.E008"]
