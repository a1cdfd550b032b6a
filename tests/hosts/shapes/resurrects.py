"""A middleware that brings ended sessions back to life."""

from shapes import startproject
from shapes.startproject import *

MIDDLEWARE = list(startproject.MIDDLEWARE)
MIDDLEWARE.insert(2, "shapes.parts.Resurrects")
