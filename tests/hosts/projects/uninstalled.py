"""The project after the app's lines have been removed from it."""

from projects import startproject
from projects.startproject import *

INSTALLED_APPS = startproject.INSTALLED_APPS[:-2]
MIDDLEWARE = WITHOUT_TRACKER
ROOT_URLCONF = "projects.plain_urls"
