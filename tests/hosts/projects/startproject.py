"""A project as ``startproject`` makes it, with the README's lines added."""

import os
from pathlib import Path

FOLDER = Path(os.environ["HOST_FOLDER"])

SECRET_KEY = "a-key-for-tests-only"
ALLOWED_HOSTS = ["testserver", "localhost", "acme.example"]
ROOT_URLCONF = "projects.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        # All processes share it, unlike the cache that Django has by default.
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": FOLDER / "cache",
    }
}
SESSION_FILE_PATH = str(FOLDER)
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STATIC_URL = "static/"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "me"
USE_TZ = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"kept": {"class": "projects.errors.Keep", "level": "ERROR"}},
    "loggers": {"sessions_admin": {"handlers": ["kept"], "level": "ERROR"}},
}

INSTALLED_APPS += ("sessions_admin", "django_htmx")
TRACKER = "sessions_admin.middleware.TrackedSessionMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
MIDDLEWARE.insert(MIDDLEWARE.index(SESSIONS) + 1, TRACKER)

AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
WITHOUT_TRACKER = [name for name in MIDDLEWARE if name != TRACKER]


def inserted(path, *, after, among=tuple(MIDDLEWARE)):
    """Return the middleware with one more after another."""
    at = among.index(after) + 1
    return [*among[:at], path, *among[at:]]


# For the driver.
SIGN_IN = {"url": "/login/", "username": "username"}
HOST = "testserver"
LIST = "/active-user-sessions/"
EXPECTED_CHECKS: list[str] = []
