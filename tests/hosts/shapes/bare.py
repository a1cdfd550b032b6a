"""People in the least that Django accepts as a user model, without ``AbstractBaseUser``."""

from django.db import models

PEOPLE = {
    "root": ({"login": "root"}, "root"),
    "ana": ({"login": "ana", "first_name": "Ana", "last_name": "None"}, "Ana"),
    "nameless": ({"login": "bo"}, "bo"),
}


class People(models.Manager):
    def create_person(self, **fields):
        return self.create(**fields)

    def get_by_natural_key(self, login):
        return self.get(login=login)


class User(models.Model):
    login = models.CharField(max_length=50, unique=True)
    first_name = models.CharField(max_length=50, null=True)  # noqa: DJ001
    last_name = models.CharField(max_length=50, null=True)  # noqa: DJ001

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS: list[str] = []
    is_anonymous = False
    is_authenticated = True
    objects = People()

    def __str__(self):
        return self.login
