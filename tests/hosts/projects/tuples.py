"""Tuples instead of lists, as older projects have them."""

from projects import startproject
from projects.startproject import *

INSTALLED_APPS = tuple(startproject.INSTALLED_APPS[:-2])
INSTALLED_APPS += ("sessions_admin", "django_htmx")
MIDDLEWARE = tuple(startproject.MIDDLEWARE)
