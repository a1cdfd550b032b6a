"""The plain project with a router that alternates between replicas for reads.

All replicas are the same database here, so none lags.
"""

from itertools import cycle

from .plain import *  # noqa: F403
from .plain import DATABASES

DATABASES["replica"] = dict(DATABASES["default"])
DATABASE_ROUTERS = ["tests.hosts.replicas.Router"]


class Router:
    aliases = cycle(["replica", "default"])

    def db_for_read(self, model, **hints):
        return next(self.aliases)

    def db_for_write(self, model, **hints):
        return "default"

    def allow_relation(self, one, other, **hints):
        return True
