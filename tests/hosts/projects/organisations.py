"""An organisation for each request, named in its path."""

from projects.startproject import *

ROOT_URLCONF = "projects.organisation_urls"
LIST = "/acme/active-user-sessions/"
SESSIONS_ADMIN = {"ACCOUNT_RESOLVER": "projects.parts.organisation_of"}
EXPECTED_CHECKS = ["sessions_admin.W010"]
