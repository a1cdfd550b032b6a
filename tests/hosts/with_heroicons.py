"""The plain project with heroicons among its apps, as projects that draw icons have it."""

from .plain import *  # noqa: F403
from .plain import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "heroicons"]
