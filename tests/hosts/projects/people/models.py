"""A user model with a UUID, and nothing that Django does not ask for."""

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models


class Manager(BaseUserManager):
    def create_user(self, email, password=None, **fields):
        person = self.model(email=self.normalize_email(email), **fields)
        person.set_password(password)
        person.save()
        return person

    def create_superuser(self, email, password=None, **fields):
        return self.create_user(email, password, is_superuser=True, **fields)


class Person(AbstractBaseUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    first_name = None
    last_name = None
    is_superuser = models.BooleanField(default=False)

    USERNAME_FIELD = "email"

    objects = Manager()

    def get_full_name(self):
        return f"{self.first_name} {self.last_name}"
