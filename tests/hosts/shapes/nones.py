"""People with one name and without its parts, as in cookiecutter-django."""

from django.contrib.auth.models import AbstractUser
from django.db import models

from tests.hosts.shapes.managers import People

PEOPLE = {
    "root": ({"email": "root@example.com", "name": "Root"}, "Root"),
    "ana": ({"email": "ana@example.com", "name": "Ana Novak"}, "Ana Novak"),
    "nameless": ({"email": "bo@example.com"}, "bo@example.com"),
}


class User(AbstractUser):
    name = models.CharField(max_length=255, blank=True)
    first_name = None
    last_name = None
    username = None
    email = models.EmailField(unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []
    objects = People()
