"""A project as `startproject` makes it, with the README's four lines added.

It has Django's own user model, no accounts, and nothing of this repository's site. The first of the
README's lines is in MIDDLEWARE, the last in plain_urls.
"""

import os

SECRET_KEY = "a-key-for-tests-only"
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "tests.hosts.plain_urls"
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["HOST_DATABASE"]}
}
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "sessions_admin.middleware.TrackedSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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
STATIC_URL = "static/"
LOGIN_URL = "/admin/login/"
USE_TZ = True

INSTALLED_APPS += ("sessions_admin", "django_htmx")
SESSIONS_ADMIN = {"APPLICATIONS": [{"id": "web", "name": "Our product"}]}
