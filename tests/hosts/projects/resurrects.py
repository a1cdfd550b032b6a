"""A middleware that brings ended sessions back to life."""

from projects.startproject import *

MIDDLEWARE = inserted("projects.parts.Resurrects", after=SESSIONS)
