"""The settings of ``startproject`` on a developer's machine: Django's log goes to the terminal."""

from projects.startproject import *

DEBUG = True
