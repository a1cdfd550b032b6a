"""A schema for each tenant, with users of its own, as in the tutorial of django-tenants."""

import os

from projects import startproject
from projects.startproject import *

DATABASES = {
    "default": {
        "ENGINE": "django_tenants.postgresql_backend",
        "NAME": "postgres",
        "USER": "postgres",
        "HOST": os.environ.get("HOST_POSTGRESQL", ""),
    }
}
CACHES["default"]["KEY_FUNCTION"] = "django_tenants.cache.make_key"
CACHES["default"]["REVERSE_KEY_FUNCTION"] = "django_tenants.cache.reverse_key"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
SHARED_APPS = ["django_tenants", "projects.customers", "django.contrib.contenttypes"]
TENANT_APPS = startproject.INSTALLED_APPS
INSTALLED_APPS = [*SHARED_APPS, *(app for app in TENANT_APPS if app not in SHARED_APPS)]
MIDDLEWARE = ["django_tenants.middleware.main.TenantMainMiddleware", *startproject.MIDDLEWARE]
TENANT_MODEL = "customers.Customer"
TENANT_DOMAIN_MODEL = "customers.Domain"
HOST = "acme.example"
PREPARE = "projects.more.tenant"
OTHER_HOST = "birch.example"
ALLOWED_HOSTS = [*ALLOWED_HOSTS, OTHER_HOST]
MORE = "projects.more.another_tenant"
