"""People with UUIDs for keys and usernames, as in healthchecks, and an address for a full name."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models

from tests.hosts.shapes.managers import People

PEOPLE = {
    "root": (
        {"username": str(uuid.uuid4())[:30], "email": "root@example.com"},
        "root@example.com",
    ),
    "ana": (
        {"username": str(uuid.uuid4())[:30], "email": "ana@example.com", "first_name": "Ana"},
        "Ana",
    ),
    "nameless": (
        {"username": str(uuid.uuid4()), "email": "bo@example.com", "last_name": "bo@example.com"},
        "bo@example.com",
    ),
}


class User(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)

    objects = People()
