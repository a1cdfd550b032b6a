"""The indexes of tracked sessions (those of texts are in ``listing.trigrams``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models import Q

# Open and ended rows have indexes of their own: a sign-in writes only those of the open rows, and
# the list of these never reads past ended ones. Login records merge both (see ``page_of``).
NEWEST = ("-created_at", "-id")
IS_OPEN, IS_OVER = Q(ended_at=None), Q(ended_at__isnull=False)
# Open rows with a flag that is stored. The indexes of these are small.
IS_FLAGGED = IS_OPEN & (Q(is_far=True) | Q(is_new_country=True) | Q(is_new_kind=True))
# What the filters ask for. Each index has all of it behind its order, and the person, so that rows
# that only one of several filters finds are not read.
OF_OPEN = ("account_id", "application", "country_code", "sign_in_method")
OF_ENDED = (*OF_OPEN, "end_reason")
LISTED_BY = {
    "sa_active_account": "account_id",
    "sa_active_application": "application",
    "sa_active_country": "country_code",
    # For the sessions that nobody has used for long.
    "sa_active_week": "last_seen_week",
}
# Those of one user are in the index "sa_history".
RECORDED_BY = {
    "sa_ended_account": "account_id",
    "sa_ended_application": "application",
    "sa_ended_country": "country_code",
    "sa_ended_reason": "end_reason",
    "sa_ended_method": "sign_in_method",
}
FLAG_COLUMNS = ("is_far", "is_new_country", "is_new_kind", "is_one_of_many")


class CoveringIndex(models.Index):
    """An index that keeps ``beside`` its key the values of other fields, so rows need not be read.

    Django's ``include`` does so, too, but warns wherever the database cannot do it. A further
    column in the key would be another index: PostgreSQL prefers one with more conditions in its
    key, even to a much smaller index of the open rows.
    """

    def __init__(self, *expressions: Any, beside: Sequence[str] = (), **options: Any) -> None:
        super().__init__(*expressions, **options)
        self.beside = tuple(beside)

    def deconstruct(self) -> Any:
        path, expressions, options = super().deconstruct()
        return path, expressions, options | {"beside": self.beside}

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **options: Any) -> Any:
        _path, expressions, given = super().deconstruct()
        index = models.Index(*expressions, **given, include=self.beside)
        return index.create_sql(model, schema_editor, using=using, **options)


def _newest_first(
    name: str, column: str = "", *, is_open: bool, more: Q | None = None
) -> models.Index:
    """Return an index of the open rows, or of the ended ones, by this column and time."""
    others = [each for each in (OF_OPEN if is_open else OF_ENDED) if each != column]
    others.append("user")
    condition = IS_OPEN if is_open else IS_OVER
    return models.Index(
        fields=[*([column] if column else []), *NEWEST, *others],
        name=name,
        condition=condition & more if more else condition,
    )


OF_SESSIONS: list[models.Index] = [
    models.Index(fields=NEWEST, name="sa_active_newest", condition=IS_OPEN),
    models.Index(fields=NEWEST, name="sa_ended_newest", condition=IS_OVER),
    # Of many people, those in an account are found without reading the others.
    models.Index(fields=["user", *NEWEST, "account_id"], name="sa_active_user", condition=IS_OPEN),
    *(_newest_first(name, column, is_open=True) for name, column in LISTED_BY.items()),
    *(_newest_first(name, column, is_open=False) for name, column in RECORDED_BY.items()),
    _newest_first("sa_active_method", "sign_in_method", is_open=True, more=~Q(sign_in_method="")),
    *(_newest_first(f"sa_{flag}", is_open=True, more=Q(**{flag: True})) for flag in FLAG_COLUMNS),
    # Nobody has many active sessions in those that have ended.
    *(
        _newest_first(f"sa_ended_{flag}", is_open=False, more=Q(**{flag: True}))
        for flag in FLAG_COLUMNS[:-1]
    ),
    # Finds the records of many people that fit the filters without reading them.
    CoveringIndex(fields=["user", *NEWEST], beside=OF_ENDED, name="sa_history"),
    # Finds the flagged sessions of many people in an account without reading the others.
    models.Index(fields=["user", "account_id"], name="sa_flagged_user", condition=IS_FLAGGED),
    models.Index(fields=["key_digest"], name="sa_ended_key", condition=IS_OVER),
    # Finds the names that an account had.
    models.Index(fields=["account_id", "account_name"], name="sa_ended_names", condition=IS_OVER),
    models.Index(fields=["is_masked", "ended_at"], name="sa_ended", condition=IS_OVER),
    models.Index(
        fields=["termination", "-created_at", "-id"],
        name="sa_termination",
        condition=Q(termination__isnull=False),
    ),
    # Finds one account's part of a termination of a million sessions.
    models.Index(
        fields=["termination", "account_id"],
        name="sa_termination_account",
        condition=Q(termination__isnull=False),
    ),
    models.Index(
        fields=["termination"],
        name="sa_reused_elsewhere",
        condition=Q(was_reused_elsewhere=True),
    ),
]
