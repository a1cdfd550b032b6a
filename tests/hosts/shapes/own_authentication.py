"""An AuthenticationMiddleware of the project's own."""

from shapes import startproject
from shapes.startproject import *

MIDDLEWARE = [
    name.replace(
        "django.contrib.auth.middleware.AuthenticationMiddleware", "shapes.parts.OwnAuthentication"
    )
    for name in startproject.MIDDLEWARE
]
EXPECTED_CHECKS = ["admin.E408"]
