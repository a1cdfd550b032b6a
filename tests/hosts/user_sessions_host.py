"""The plain project with django-user-sessions, whose middleware and store are not Django's.

Its store takes more than a key, empties a session that gets its first key, and stores a new one for
a cookie that it does not know.
"""

import os

from .plain import *  # noqa: F403
from .plain import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [name for name in INSTALLED_APPS if name != "django.contrib.sessions"]
INSTALLED_APPS += ["user_sessions"]
SESSION_ENGINE = "user_sessions.backends.db"
SESSIONS = "user_sessions.middleware.SessionMiddleware"
TRACKER = "sessions_admin.middleware.TrackedSessionMiddleware"
others = [name for name in MIDDLEWARE if name != TRACKER][1:]
SILENCED_SYSTEM_CHECKS = ["admin.E410", "sessions_admin.W001"]
if os.environ["HOST_ORDER"] == "last":
    MIDDLEWARE = [SESSIONS, *others, TRACKER]
    SILENCED_SYSTEM_CHECKS += ["sessions_admin.W011"]
else:
    MIDDLEWARE = [SESSIONS, TRACKER, *others]
