"""The app without its middleware."""

from shapes.startproject import *

MIDDLEWARE = WITHOUT_TRACKER
