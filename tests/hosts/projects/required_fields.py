"""Users with a required relation, and a manager without ``create_user``."""

from projects import startproject
from projects.startproject import *

INSTALLED_APPS = [*startproject.INSTALLED_APPS, "projects.people_with_desks"]
INSTALLED_APPS.remove("django.contrib.admin")
AUTH_USER_MODEL = "people_with_desks.Person"
