"""A project that leaves options of fields out of its migrations, as pretix does."""

from django.db import models

from projects.startproject import *

_original = models.Field.deconstruct


def _deconstruct(self):
    name, path, args, kwargs = _original(self)
    for option in ("verbose_name", "help_text", "validators"):
        kwargs.pop(option, None)
    if not isinstance(self, models.AutoField | models.DateField | models.TimeField):
        for option in ("editable", "blank"):
            kwargs.pop(option, None)
    return name, path, args, kwargs


models.Field.deconstruct = _deconstruct
