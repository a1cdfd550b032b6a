"""People whose full name is their handle and whose own name may be NULL, as in BookWyrm."""

from django.contrib.auth.models import AbstractUser
from django.db import models

from tests.hosts.shapes.managers import People

PEOPLE = {
    "root": ({"username": "root@books.example", "email": "root@example.com"}, "root@example.com"),
    "ana": (
        {"username": "ana@books.example", "email": "ana@example.com", "name": "Ana Novak"},
        "Ana Novak",
    ),
    "nameless": ({"username": "bo@books.example", "email": ""}, "bo@books.example"),
}


class User(AbstractUser):
    name = models.CharField(max_length=100, null=True)  # noqa: DJ001
    first_name = None
    last_name = None

    objects = People()

    def get_full_name(self):
        return self.username
