"""A project below a path of its host, with static files there, too."""

from projects.startproject import *

FORCE_SCRIPT_NAME = "/intranet"
