"""A middleware that brings ended sessions back to life."""

from shapes.startproject import *

MIDDLEWARE = inserted("shapes.parts.Resurrects", after=SESSIONS)
