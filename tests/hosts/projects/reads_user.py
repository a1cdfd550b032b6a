"""A middleware before ours that reads the user of every request."""

from projects.startproject import *

MIDDLEWARE = [
    *inserted("projects.parts.ReadsUser", after=AUTHENTICATION, among=WITHOUT_TRACKER),
    TRACKER,
]
EXPECTED_CHECKS = ["sessions_admin.W011"]
