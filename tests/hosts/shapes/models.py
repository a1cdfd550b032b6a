"""The user model: the class ``User`` of the module that HOST_USER names."""

import os
from importlib import import_module

User = import_module(f"tests.hosts.shapes.{os.environ['HOST_USER']}").User
