"""A database of a kind that the app does not work on, beside that of the users."""

from projects.startproject import *

DATABASES["legacy"] = DATABASES["default"] | {
    "ENGINE": "projects.mysql_like",
    "NAME": FOLDER / "legacy.sqlite3",
}
