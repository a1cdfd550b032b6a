"""What people are called, for any user model.

By default a person is called by their name, else by their email address, else by their username.
USER_NAME replaces that. Only columns of the user table can be searched; where a name comes from
elsewhere (a property, a method, USER_NAME), the label in the open rows of the person is searched.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import logging
import re
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.lookups import Contains, Exact, StartsWith
from django.utils.functional import Promise
from django.utils.text import capfirst

from sessions_admin import conf
from sessions_admin.client import printable
from sessions_admin.folding import Fold, FoldWhenRead, folded_text

logger = logging.getLogger(__name__)

NAME_LENGTH = 200
LABEL_LENGTH = 320
# What user models call the attribute with a person's name, and those with its parts.
NAMES = ("name", "full_name", "fullname")
PARTS = ("first_name", "last_name")
# A UUID, or the beginning of one that was cut to fit a username.
UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{0,12}", re.I)


class InDefaultCollation(Func):
    """A column compared as others are: PostgreSQL matches no part of texts that ignore case."""

    template = "%(expressions)s"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = '(%(expressions)s COLLATE pg_catalog."default")'
        return self.as_sql(compiler, connection, template=template)


def name_of(user: Any) -> str:
    """What the pages call this person: never empty."""
    return name_and_email(user)[0]


def name_and_email(user: Any) -> tuple[str, str]:
    """Return ``name_of`` and ``email_of`` in one go: lists ask for both in every row."""
    email = email_of(user)
    is_username = email and _email_field(user.__class__) == user.USERNAME_FIELD
    username = email if is_username else username_of(user)
    name = _name_by_project(user) or _own_name(user, email, username) or email or username
    return name, email


def username_of(user: Any) -> str:
    """The person's username; "Person 42" if that has no visible character."""
    username = _as_text(_read(user, user.USERNAME_FIELD))
    return username or printable(f"{capfirst(user._meta.verbose_name)} {user.pk}", NAME_LENGTH)


def email_of(user: Any) -> str:
    """The person's email address; empty where the user model has none."""
    return _as_text(_read(user, _email_field(user.__class__)))


def label_of(user: Any) -> str:
    """Name and email address in one line: "Ana Novak (ana@example.com)".

    Without an email address other than the name it is the username, unless that is a UUID.
    """
    (name, email), username = name_and_email(user), username_of(user)
    others = [email, "" if UUID.fullmatch(username) else username]
    other = next((text for text in others if text and text != name), "")
    return printable(f"{name} ({other})" if other else name, LABEL_LENGTH)


def name_in(label: str) -> str:
    """Return the name in a label of ``label_of``, without what stands in brackets after it."""
    name, bracket, other = label.rpartition(" (")
    return name if bracket and other.endswith(")") and " " not in other else label


def called(text: str, *, whole: bool = False, begins: bool = False) -> models.QuerySet[Any]:
    """The users with this text in their names or addresses.

    With ``whole`` a name or address is this text; with ``begins`` it begins with it.
    """
    condition = condition_for(text, whole=whole, begins=begins)
    people = get_user_model()._default_manager.all()
    return people.filter(condition) if condition else people.none()


def condition_for(text: str, *, prefix: str = "", whole: bool = False, begins: bool = False) -> Q:
    """The condition of ``called``; ``prefix`` leads from a row to its user (``user__``)."""
    model = get_user_model()
    names = {model.USERNAME_FIELD, _email_field(model), *NAMES, *PARTS}
    fits = Exact if whole else StartsWith if begins else Contains
    # Users have an index; those of a row are read with it.
    fold = FoldWhenRead if prefix else Fold
    condition = Q()
    for name in sorted(names & _text_columns(model)):
        column: Any = F(f"{prefix}{name}")
        if getattr(model._meta.get_field(name), "db_collation", None):
            column = InDefaultCollation(column)
        condition |= Q(fits(fold(column), folded_text(text)))
    return condition


def label_condition(text: str, *, whole: bool = False, begins: bool = False) -> Q:
    """The condition on a row whose person is called so, where the user table does not hold names.

    Empty where it does.
    """
    if not are_computed():
        return Q()
    label: Any = FoldWhenRead(F("user_label"))
    if not whole:
        fits = StartsWith if begins else Contains
        return Q(fits(label, folded_text(text)))
    with_address = StartsWith(label, folded_text(f"{text} ("))
    return Q(Exact(label, folded_text(text))) | Q(with_address)


def are_computed() -> bool:
    """Whether the pages may show names or addresses that are not columns of the user table."""
    model = get_user_model()
    shown = {model.USERNAME_FIELD, *_names_of(model)}
    shown |= {name for name in (*PARTS, _email_field(model)) if _has(model, name)}
    return bool(conf.current().user_name) or not shown <= _text_columns(model)


def _name_by_project(user: Any) -> str:
    """Return the name that USER_NAME gives; empty without the setting, or if it fails."""
    path = conf.current().user_name
    try:
        return _as_text(conf.imported(path)(user)) if path else ""
    except Exception:
        # A name is no reason to break a page or to miss a sign-in.
        logger.exception("USER_NAME failed")
        return ""


def _own_name(user: Any, email: str, username: str) -> str:
    """Return the person's name; empty if that only repeats how they sign in, or is "None"."""
    whole = (_read(user, attribute) for attribute in _names_of(user.__class__))
    for found in itertools.chain(whole, _joined(user)):
        if isinstance(found, str | Promise):
            # ``get_full_name`` of many models formats an absent name as "None".
            name = " ".join(word for word in _as_text(found).split() if word != "None")
            repeats = name in (username, str(user.pk)) or name.casefold() == email.casefold()
            if name and not repeats and not UUID.fullmatch(name):
                return name
    return ""


def _joined(user: Any) -> Iterator[str]:
    """Yield the name made from its parts: a generator, since most models have a whole name."""
    parts = [_read(user, attribute) for attribute in PARTS]
    yield " ".join(str(part) for part in parts if isinstance(part, str | Promise))


def _read(user: Any, attribute: str) -> Any:
    """Return the value of a field, a property or a method; ``None`` if it cannot be read."""
    try:
        value = getattr(user, attribute, None)
        return value() if not isinstance(value, str) and inspect.isroutine(value) else value
    except Exception:
        logger.exception("The %s of a user could not be read", attribute)
        return None


def _as_text(value: Any) -> str:
    return "" if value is None else printable(value, NAME_LENGTH)


@functools.cache
def _names_of(model: type) -> tuple[str, ...]:
    """Return the attributes that hold a whole name.

    ``name``, and columns. Other properties and methods mostly join the parts of the name, which can
    be searched better, so they are used only where there are no parts.
    """
    columns = _text_columns(model)
    names = [name for name in NAMES if _has(model, name) and (name == "name" or name in columns)]
    if not names and not any(_has(model, part) for part in PARTS):
        names = [name for name in (*NAMES, "get_full_name") if _has(model, name)]
    return tuple(names)


def _has(model: Any, attribute: str) -> bool:
    """Whether the model has this attribute. Projects set inherited fields to ``None``."""
    return getattr(model, attribute, None) is not None


def _email_field(model: Any) -> str:
    return str(getattr(model, "EMAIL_FIELD", "") or "email")


@functools.cache
def _text_columns(model: type) -> frozenset[str]:
    texts = (models.CharField, models.TextField)
    fields = [field for field in model._meta.get_fields() if field.concrete]  # type: ignore[attr-defined]
    return frozenset(f.name for f in fields if isinstance(getattr(f, "output_field", f), texts))
