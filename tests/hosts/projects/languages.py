"""The app's URLs in two places: below a group without a name, and below the language."""

from projects.startproject import *

ROOT_URLCONF = "projects.regex_urls"
MIDDLEWARE = inserted("django.middleware.locale.LocaleMiddleware", after=AUTHENTICATION)
LIST = "/shop/7/active-user-sessions/"
USE_I18N = True
EXPECTED_CHECKS = ["sessions_admin.W010", "urls.W005"]
