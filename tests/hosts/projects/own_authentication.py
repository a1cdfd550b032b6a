"""An AuthenticationMiddleware of the project's own."""

from projects import startproject
from projects.startproject import *

MIDDLEWARE = [
    "projects.parts.OwnAuthentication" if name == AUTHENTICATION else name
    for name in startproject.MIDDLEWARE
]
EXPECTED_CHECKS = ["admin.E408"]
