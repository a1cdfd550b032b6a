"""An AuthenticationMiddleware of the project's own."""

from projects import startproject
from projects.startproject import *

MIDDLEWARE = [
    name.replace(
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "projects.parts.OwnAuthentication",
    )
    for name in startproject.MIDDLEWARE
]
EXPECTED_CHECKS = ["admin.E408"]
