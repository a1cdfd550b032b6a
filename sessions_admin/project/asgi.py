"""ASGI entry point of the site."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sessions_admin.project.settings")
django.setup(set_prefix=False)

from sessions_admin.project.requests import Utf8ASGIHandler  # noqa: E402

application = Utf8ASGIHandler()
