"""Users with a UUID, no names and no ``is_active``, and no Django admin."""

from shapes import startproject
from shapes.startproject import *

INSTALLED_APPS = [*startproject.INSTALLED_APPS, "shapes.people"]
INSTALLED_APPS.remove("django.contrib.admin")
AUTH_USER_MODEL = "people.Person"
