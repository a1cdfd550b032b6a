"""Tuples instead of lists, as older projects have them."""

from projects import startproject
from projects.startproject import *

INSTALLED_APPS = tuple(startproject.INSTALLED_APPS[:-3])
MIDDLEWARE = tuple(WITHOUT_TRACKER)

INSTALLED_APPS += ("sessions_admin", "django_htmx")
MIDDLEWARE += ("sessions_admin.middleware.TrackedSessionMiddleware",)
