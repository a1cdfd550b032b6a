"""The app's URLs in a namespace of the project."""

from shapes.startproject import *

ROOT_URLCONF = "shapes.namespaced_urls"
LIST = "/panel/active-user-sessions/"
