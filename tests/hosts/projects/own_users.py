"""Users with a UUID, no names and no ``is_active``, and no Django admin."""

from projects import startproject
from projects.startproject import *

INSTALLED_APPS = [*startproject.INSTALLED_APPS, "projects.people"]
INSTALLED_APPS.remove("django.contrib.admin")
AUTH_USER_MODEL = "people.Person"
