"""Times without a time zone."""

from projects.startproject import *

USE_TZ = False
TIME_ZONE = "America/New_York"
