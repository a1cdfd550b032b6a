"""A middleware before ours that reads the user of every request."""

from shapes import startproject
from shapes.startproject import *

MIDDLEWARE = list(startproject.MIDDLEWARE)
MIDDLEWARE.insert(5, "shapes.parts.ReadsUser")
