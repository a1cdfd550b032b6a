"""As little as possible: no admin, messages, static files or context processors."""

from projects import startproject
from projects.startproject import *

LEFT_OUT = (
    "django.contrib.admin",
    "django.contrib.messages",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.contrib.staticfiles",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
)
INSTALLED_APPS = [name for name in startproject.INSTALLED_APPS if name not in LEFT_OUT]
MIDDLEWARE = [name for name in startproject.MIDDLEWARE if name not in LEFT_OUT]
TEMPLATES[0]["OPTIONS"] = {}
EXPECTED_CHECKS = ["sessions_admin.W009"]
