"""The plain project without the Django admin, with the user model that HOST_USER names."""

from tests.hosts.plain import *  # noqa: F403
from tests.hosts.plain import INSTALLED_APPS

INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "django.contrib.admin"]
INSTALLED_APPS += ["tests.hosts.shapes"]
ROOT_URLCONF = "tests.hosts.shapes.urls"
AUTH_USER_MODEL = "shapes.User"
AUTHENTICATION_BACKENDS = ["tests.hosts.shapes.access.Backend"]
LOGIN_URL = "/sign-in/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SESSIONS_ADMIN = {"SEES_ALL": "tests.hosts.shapes.access.sees_all"}
