"""The manager of user models with a password."""

from django.contrib.auth.models import BaseUserManager


class People(BaseUserManager):
    def create_person(self, **fields):
        user = self.model(**fields)
        user.set_password("secret")
        user.save()
        return user
