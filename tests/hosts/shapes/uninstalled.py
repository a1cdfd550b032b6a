"""The project after the app's lines have been removed from it."""

from shapes import startproject
from shapes.startproject import *

INSTALLED_APPS = startproject.INSTALLED_APPS[:-3]
MIDDLEWARE = WITHOUT_TRACKER
ROOT_URLCONF = "shapes.plain_urls"
