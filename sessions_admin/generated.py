"""Columns that the database computes from others, and keeps in step with them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import DateField, Field, Func, GeneratedField

# More than time zones differ by.
A_DAY = timedelta(days=1)


class GeneratedColumn(GeneratedField):
    """Django's generated field.

    Projects such as pretix patch ``Field.deconstruct`` to leave out options. Django's field then
    fails if ``blank`` or ``editable`` are among them.
    """

    def deconstruct(self) -> Any:
        name, path, args, kwargs = Field.deconstruct(self)
        for option in ("blank", "editable"):
            kwargs.pop(option, None)
        own = ("expression", "output_field", "db_persist")
        return name, path, args, kwargs | {option: getattr(self, option) for option in own}


class Week(Func):
    """The Monday of the week that a moment is in."""

    output_field = DateField()
    arity = 1

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "(date_trunc('week', %(expressions)s AT TIME ZONE 'UTC')::date)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "date(substr(%(expressions)s, 1, 10), 'weekday 0', '-6 days')"
        return self.as_sql(compiler, connection, template=template, **context)


def last_week_until(moment: datetime) -> date:
    """Return the last ``Week`` that a row until this moment can have."""
    day = (moment + A_DAY).date()
    return day - timedelta(days=day.weekday())
