"""Users in another database than the tracked sessions."""

from projects.startproject import *

DATABASES["users"] = DATABASES["default"] | {"NAME": FOLDER / "users.sqlite3"}
DATABASE_ROUTERS = ["projects.parts.UsersApart"]
EXPECTED_CHECKS = ["sessions_admin.E009"]
