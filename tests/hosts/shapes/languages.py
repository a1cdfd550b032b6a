"""The app's URLs in two places: below a group without a name, and below the language."""

from shapes import startproject
from shapes.startproject import *

ROOT_URLCONF = "shapes.regex_urls"
MIDDLEWARE = list(startproject.MIDDLEWARE)
MIDDLEWARE.insert(2, "django.middleware.locale.LocaleMiddleware")
LIST = "/shop/7/active-user-sessions/"
USE_I18N = True
EXPECTED_CHECKS = ["sessions_admin.W010", "urls.W005"]
