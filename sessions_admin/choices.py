"""What the filters of the list offer: accounts and people with sessions in somebody's scope.

There may be a hundred thousand of them, so nobody is shown all: a few accounts stand in a list,
and of more, and of people, those are offered that fit what was typed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Exists, OuterRef

from sessions_admin import resolvers
from sessions_admin.client import countries, printable
from sessions_admin.models import TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import SEARCH_WORDS, people_called

# Of accounts no more than this are listed; of what was typed no more than this is offered.
LISTED = 50
OFFERED = 10
# Accounts walked through for those that fit; the search finds any account there is.
WALKED = 10_000

# One step in the index of open rows for each account: a DISTINCT would read every open row.
ACCOUNTS = """
WITH RECURSIVE walk (id, step) AS (
    SELECT MIN(account_id), 1 FROM {table} WHERE ended_at IS NULL AND account_id > ''
    UNION ALL
    SELECT (
        SELECT MIN(account_id) FROM {table} WHERE ended_at IS NULL AND account_id > walk.id
    ), step + 1
    FROM walk WHERE id IS NOT NULL AND step < %s
)
SELECT id, name FROM (
    SELECT id, (
        SELECT account_name FROM {table} WHERE ended_at IS NULL AND account_id = walk.id
        ORDER BY created_at DESC, id DESC LIMIT 1
    ) AS name FROM walk WHERE id IS NOT NULL
) AS named WHERE {condition} LIMIT %s
"""


@dataclass(frozen=True)
class Choice:
    """Something to filter by: its key, as in the address, and what people call it."""

    value: str
    label: str
    names: tuple[str, ...] = ()


def accounts(scope: Scope, called: str = "", *, limit: int) -> list[Choice]:
    """Accounts in scope by name, those that fit the text, up to a number of them."""
    if scope.everything:
        return _by_label(_walked(called, limit))
    administered = (Choice(account.id, account.name) for account in scope.accounts)
    return _by_label(choice for choice in administered if _fits(choice, called))[:limit]


def account(scope: Scope, value: str) -> Choice | None:
    """The account with this id, where it is in scope and, for a superuser, anybody is in it."""
    if not scope.everything:
        return next((Choice(a.id, a.name) for a in scope.accounts if a.id == value), None)
    if not _is_storable(value):
        return None
    rows = TrackedSession.objects.filter(ended_at=None, account_id=value).newest_first()
    name = rows.values_list("account_name", flat=True).first()
    return None if name is None else Choice(value, name)


def country(scope: Scope, code: str) -> Choice | None:
    """A country by its code: one that the CLDR names, or that an active session in scope is in.

    Databases of places have codes of their own, for anonymous proxies or for all of Europe.
    """
    if name := countries.name(code, ""):
        return Choice(code, name)
    if not _is_storable(code):
        return None
    row = scope.sessions().active().filter(country_code=code).newest_first().first()
    return Choice(code, row.country_name) if row else None


def people(scope: Scope, called: str, *, limit: int) -> list[Choice]:
    """People with an active session in scope whom every word of the text fits.

    Where they are more than asked for, those who are called just so are among them.
    """
    # The brackets of a whole label, "Ana Novak (ana@example.com)", are no part of a name.
    words = [word.strip("()") for word in printable(called, 200).split()[:SEARCH_WORDS]]
    if not words:
        return []
    found = get_user_model()._default_manager.all()
    for word in words:
        found = found.filter(pk__in=people_called(word))
    theirs = Exists(scope.sessions().active().filter(user=OuterRef("pk")))
    some = list(found.filter(theirs)[:limit])
    if len(some) == limit:
        just_so = people_called(" ".join(words), lookup="iexact").filter(theirs)[:limit]
        some = list(dict.fromkeys([*just_so, *some]))[:limit]
    return _by_label(_person(person) for person in some)


def person(scope: Scope, value: str) -> Choice | None:
    """The person with this primary key, if they have an active session in scope."""
    try:
        # Not only read but checked: a number that no column holds is an error of the database.
        pk = get_user_model()._meta.pk.clean(printable(value, len(value)) and value, None)
    except (ValidationError, ValueError, OverflowError):
        return None
    rows = scope.sessions().active().filter(user=pk).select_related("user")
    row = rows.newest_first().first()
    return _person(row.user) if row else None


def only(found: list[Choice], text: str) -> Choice | None:
    """The one that is meant: the only one that fits, or the only one that is called just so."""
    wanted = text.strip().casefold()
    called = [c for c in found if wanted in {name.casefold() for name in (c.label, *c.names)}]
    for chosen in (found, called):
        if len(chosen) == 1:
            return chosen[0]
    return None


def _walked(called: str, limit: int) -> list[Choice]:
    words = printable(called, 200).split()[:SEARCH_WORDS]
    condition = " AND ".join(["LOWER(name) LIKE LOWER(%s) ESCAPE '\\'"] * len(words)) or "1 = 1"
    table = TrackedSession._meta.db_table
    statement = ACCOUNTS.format(table=table, condition=condition)
    with connections[TrackedSession.objects.db].cursor() as cursor:
        cursor.execute(statement, [WALKED, *map(_pattern, words), limit])
        return [Choice(value, name) for value, name in cursor.fetchall()]


def _is_storable(text: str) -> bool:
    """Whether a database may be asked for it: PostgreSQL refuses NUL and halves of pairs."""
    return "\0" not in text and text == text.encode(errors="ignore").decode()


def _pattern(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _fits(choice: Choice, called: str) -> bool:
    return all(word in choice.label.casefold() for word in called.casefold().split())


def _person(person: Any) -> Choice:
    name, username = resolvers.person_name(person), resolvers.username(person)
    label = name if name == username else f"{name} ({username})"
    return Choice(str(person.pk), label, (name, username))


def _by_label(found: Iterable[Choice]) -> list[Choice]:
    return sorted(found, key=lambda choice: choice.label.casefold())
