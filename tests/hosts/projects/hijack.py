"""Admins who act as other people, with django-hijack."""

from projects import startproject
from projects.startproject import *

INSTALLED_APPS = [*startproject.INSTALLED_APPS, "hijack"]
MIDDLEWARE = [*startproject.MIDDLEWARE, "hijack.middleware.HijackUserMiddleware"]
ROOT_URLCONF = "projects.hijack_urls"
MORE = "projects.more.acting_as_somebody"
