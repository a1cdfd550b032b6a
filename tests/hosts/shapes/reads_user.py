"""A middleware before ours that reads the user of every request."""

from shapes.startproject import *

MIDDLEWARE = [
    *inserted("shapes.parts.ReadsUser", after=AUTHENTICATION, among=WITHOUT_TRACKER),
    TRACKER,
]
