"""A project that is served by ASGI."""

from projects.startproject import *

ASGI = True
