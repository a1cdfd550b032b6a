"""Sessions in a database of their own."""

from shapes.startproject import *

DATABASES["sessions"] = DATABASES["default"] | {"NAME": FOLDER / "sessions.sqlite3"}
DATABASE_ROUTERS = ["shapes.parts.SessionsApart"]
