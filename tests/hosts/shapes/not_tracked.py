"""The app without its middleware."""

from shapes import startproject
from shapes.startproject import *

MIDDLEWARE = [name for name in startproject.MIDDLEWARE if not name.startswith("sessions_admin.")]
