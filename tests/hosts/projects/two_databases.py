"""Sessions in a database of their own."""

from projects.startproject import *

DATABASES["sessions"] = DATABASES["default"] | {"NAME": FOLDER / "sessions.sqlite3"}
DATABASE_ROUTERS = ["projects.parts.SessionsApart"]
