"""Tenants with users, but without the app in their list."""

from projects import tenants
from projects.tenants import *

TENANT_APPS = [app for app in tenants.TENANT_APPS if app != "sessions_admin"]
SHARED_APPS = [*tenants.SHARED_APPS, "sessions_admin"]
