"""The plain project after the app was uninstalled."""

from .plain import *  # noqa: F403
from .plain import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [name for name in INSTALLED_APPS if name not in ("sessions_admin", "django_htmx")]
MIDDLEWARE = [path for path in MIDDLEWARE if not path.startswith("sessions_admin.")]
ROOT_URLCONF = "tests.hosts.uninstalled_urls"
