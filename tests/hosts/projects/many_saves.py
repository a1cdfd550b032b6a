"""Sessions saved on every request, requests in transactions, and a sign-in that all views need."""

from projects.startproject import *

SESSION_SAVE_EVERY_REQUEST = True
DATABASES["default"]["ATOMIC_REQUESTS"] = True
MIDDLEWARE = inserted(
    "django.contrib.auth.middleware.LoginRequiredMiddleware", after=AUTHENTICATION
)
