"""An organisation for each request, named in its path."""

from shapes.startproject import *

ROOT_URLCONF = "shapes.organisation_urls"
LIST = "/acme/active-user-sessions/"
SESSIONS_ADMIN = {"ACCOUNT_RESOLVER": "shapes.parts.organisation_of"}
EXPECTED_CHECKS = ["sessions_admin.W010"]
