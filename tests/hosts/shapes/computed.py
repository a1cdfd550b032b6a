"""People whose name, address and state are computed, without permissions or ``is_active``."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from tests.hosts.shapes.managers import People

PEOPLE = {
    "root": ({"number": 1, "given": "Root", "family": "Operator"}, "Operator, Root"),
    "ana": ({"number": 2, "given": "Ana", "family": "Novak"}, "Novak, Ana"),
    "nameless": ({"number": 3, "given": "", "family": ""}, "no. 3@people.example"),
}


class User(AbstractBaseUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    number = models.PositiveIntegerField(unique=True)
    given = models.CharField(max_length=50)
    family = models.CharField(max_length=50)
    has_left = models.BooleanField(default=False)
    last_login = None

    USERNAME_FIELD = "number"
    EMAIL_FIELD = "address"
    objects = People()

    @property
    def is_active(self):
        return not self.has_left

    @property
    def address(self):
        return f"no. {self.number}@people.example"

    def full_name(self):
        return f"{self.family}, {self.given}" if self.family else None
