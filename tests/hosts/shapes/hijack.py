"""Admins who act as other people, with django-hijack."""

from shapes import startproject
from shapes.startproject import *

INSTALLED_APPS = [*startproject.INSTALLED_APPS, "hijack"]
MIDDLEWARE = [*startproject.MIDDLEWARE, "hijack.middleware.HijackUserMiddleware"]
ROOT_URLCONF = "shapes.hijack_urls"
MORE = "shapes.more.acting_as_somebody"
