"""A user model with a required relation."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models


class Desk(models.Model):
    number = models.IntegerField()

    def __str__(self):
        return f"Desk {self.number}"


class Person(AbstractBaseUser):
    name = models.CharField(max_length=10, unique=True)
    desk = models.ForeignKey(Desk, on_delete=models.CASCADE)
    is_superuser = False

    USERNAME_FIELD = "name"
    REQUIRED_FIELDS = ["desk"]

    objects = BaseUserManager()
