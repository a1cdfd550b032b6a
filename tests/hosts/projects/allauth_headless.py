"""Sign-ins by allauth: by its pages, and of apps by its headless API."""

from projects import startproject
from projects.startproject import *

INSTALLED_APPS = [
    *startproject.INSTALLED_APPS,
    "allauth",
    "allauth.account",
    "allauth.headless",
]
MIDDLEWARE = [*startproject.MIDDLEWARE, "allauth.account.middleware.AccountMiddleware"]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
ROOT_URLCONF = "projects.allauth_urls"
LOGIN_URL = "account_login"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False
HEADLESS_TOKEN_STRATEGY = "sessions_admin.headless_tokens.TrackedSessionTokenStrategy"
SIGN_IN = {"url": "/accounts/login/", "username": "login"}
MORE = "projects.more.app_of_allauth"
