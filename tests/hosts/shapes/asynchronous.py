"""A project that is served by ASGI."""

from shapes.startproject import *

ASGI = True
