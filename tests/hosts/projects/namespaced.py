"""The app's URLs in a namespace of the project."""

from projects.startproject import *

ROOT_URLCONF = "projects.namespaced_urls"
LIST = "/panel/active-user-sessions/"
