"""What people are called, for any user model."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.lookups import Contains, Exact
from django.utils.text import capfirst

from sessions_admin.client import printable
from sessions_admin.folding import Fold

NAME_LENGTH = 200
LABEL_LENGTH = 320
# Names that user models give to the fields with a person's name.
NAME_FIELDS = ("first_name", "last_name", "name", "full_name")


def name_of(user: Any) -> str:
    """The person's full name, or else their username."""
    full_name = printable(getattr(user, "get_full_name", str)(), NAME_LENGTH)
    return full_name or username_of(user)


def username_of(user: Any) -> str:
    """The person's username; "Person 42" if that has no visible character."""
    username = printable(user.get_username(), NAME_LENGTH)
    return username or printable(f"{capfirst(user._meta.verbose_name)} {user.pk}", NAME_LENGTH)


def email_of(user: Any) -> str:
    """The person's email address; empty where the user model has none."""
    return printable(getattr(user, user.get_email_field_name(), "") or "", NAME_LENGTH)


def label_of(user: Any) -> str:
    """Name and username in one line: "Ana Novak (ana@example.com)"."""
    name, username = name_of(user), username_of(user)
    return printable(name if name == username else f"{name} ({username})", LABEL_LENGTH)


def called(text: str, *, whole: bool = False) -> models.QuerySet[Any]:
    """The users with this text in their names or addresses, or with just this one (``whole``)."""
    condition = condition_for(text, whole=whole)
    people = get_user_model()._default_manager.all()
    return people.filter(condition) if condition else people.none()


def condition_for(text: str, *, prefix: str = "", whole: bool = False) -> Q:
    """The condition of ``called``; ``prefix`` leads from a row to its user (``user__``)."""
    model = get_user_model()
    names = {model.USERNAME_FIELD, model.get_email_field_name(), *NAME_FIELDS}
    present = {f.name for f in model._meta.get_fields() if isinstance(f, models.CharField)}
    fits = Exact if whole else Contains
    condition = Q()
    for name in sorted(names & present):
        condition |= Q(fits(Fold(F(f"{prefix}{name}")), Fold(Value(text))))
    return condition
