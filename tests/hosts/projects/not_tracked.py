"""The app without its middleware."""

from projects.startproject import *

MIDDLEWARE = WITHOUT_TRACKER
