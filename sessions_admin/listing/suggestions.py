"""Suggests what to filter by: accounts and people with sessions in somebody's scope.

For the list only active sessions count, for login records (``records``) all on record.

There may be a hundred thousand of each, so never all of them are listed: a few accounts make a
select, and of more, and of people, those that match what was typed are suggested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull

from sessions_admin import liveness, search
from sessions_admin import people as everybody
from sessions_admin.client import countries as known_countries
from sessions_admin.client import printable
from sessions_admin.folding import fold
from sessions_admin.listing import account_walk, country_walk
from sessions_admin.listing.pagination import batches, page_of
from sessions_admin.models import TrackedSession
from sessions_admin.pipelines import Send
from sessions_admin.policy import Scope
from sessions_admin.querysets import SEARCH_WORDS, TrackedSessionQuerySet

# At most this many accounts make a select, and at most this many suggestions are shown.
LISTED = 50
SHOWN = 10
# For each person to suggest so many are looked at, since some may not be signed in any more, and of
# all these so many rows.
LOOKED_AT = 10
ROWS_AT_ONCE = 200
ROWS_READ = 2000


@dataclass(frozen=True)
class Suggestion:
    """Something to filter by: its key, as in the address, and what people call it."""

    value: str
    label: str
    names: tuple[str, ...] = ()


def accounts(
    scope: Scope, called: str = "", *, limit: int, records: bool = False
) -> list[Suggestion]:
    """Up to ``limit`` accounts in scope that match the text, by name.

    Those that begin with the text come first. Without a text, and if there are so many, they are
    any, and need have no names.
    """
    if scope.everything:
        return _in_order(_by_value(_walked(called, limit, records)), called)[:limit]
    administered = (Suggestion(account.id, account.name) for account in scope.accounts)
    return _in_order((choice for choice in administered if _fits(choice, called)), called)[:limit]


def asked_for_accounts(
    send: Send, *, limit: int, records: bool = False
) -> Callable[[], list[Suggestion]]:
    """Send the statement for ``accounts`` of all, and return what waits for them."""
    connection = connections[TrackedSession.objects.db]
    walk = account_walk.statement([], "", limit, connection, records=records)
    fetch = send(*walk, all_rows=True)
    return lambda: _in_order(_by_value(_in_parts(fetch(), 2 if records else 1)), "")[:limit]


def accounts_with(
    scope: Scope, value: str, *, limit: int, records: bool = False
) -> tuple[list[Suggestion], Suggestion | None]:
    """Return ``accounts`` without a text, and ``account`` with this id, in one statement."""
    if not (scope.everything and value and is_storable(value)):
        one = account(scope, value, records=records) if value else None
        return accounts(scope, limit=limit, records=records), one
    newest = [
        rows.filter(account_id=value).newest_first().values_list("account_id", "account_name")[:1]
        for rows in ((scope.over(), scope.open()) if records else (scope.active(),))
    ]
    parts = _walked("", limit, records, newest)
    found, ones = parts[: -len(newest)], _by_value(parts[-len(newest) :])
    return _in_order(_by_value(found), "")[:limit], next(iter(ones), None)


def _by_value(parts: list[list[Suggestion]]) -> list[Suggestion]:
    # The name in an open row, which comes last, is the newer one.
    return list({each.value: each for part in parts for each in part}.values())


def account(scope: Scope, value: str, *, records: bool = False) -> Suggestion | None:
    """The account with this id if it is in scope, and for a superuser if it has a session."""
    if not scope.everything:
        return next((Suggestion(a.id, a.name) for a in scope.accounts if a.id == value), None)
    if not is_storable(value):
        return None
    row = _newest(scope, records=records, account_id=value)
    return Suggestion(value, row.account_name) if row else None


def country(scope: Scope, code: str, *, records: bool = False) -> Suggestion | None:
    """The country with this code, if it is known or an active session in scope is there.

    Location databases have codes of their own, for anonymous proxies or for all of Europe.
    """
    if name := known_countries.names().get(code):
        return Suggestion(code, name)
    if not is_storable(code):
        return None
    row = _newest(scope, records=records, country_code=code)
    return Suggestion(code, row.country_name) if row else None


def in_use(scope: Scope, column: str, value: str, *, records: bool) -> Suggestion | None:
    """A value that only sessions know: a former application, or a project's sign-in method."""
    if not is_storable(value):
        return None
    found = _newest(scope, records=records, **{column: value})
    return Suggestion(value, value) if found else None


def countries(scope: Scope, called: str, *, limit: int, records: bool = False) -> list[Suggestion]:
    """Up to ``limit`` countries of sessions in scope that match the text, by name.

    Those that begin with it come first. Of more sessions than are read, any country may be one.
    """
    named = _countries_called(called)
    if not named:
        return []
    codes, are_all = country_walk.codes(scope, records=records)
    found = [choice for choice in named if choice.value in codes]
    return _in_order(found or ([] if are_all else named), called)[:limit]


def any_countries(
    scope: Scope, called: str, *, limit: int, records: bool = False
) -> list[Suggestion]:
    """Return ``countries``; if there are none, those that match the text and have no sessions."""
    found = countries(scope, called, limit=limit, records=records)
    return found or _in_order(_countries_called(called), called)[:limit]


def _countries_called(called: str) -> list[Suggestion]:
    named = (Suggestion(code, name) for code, name in known_countries.names().items())
    return [choice for choice in named if _fits(choice, called)]


def people(scope: Scope, called: str, *, limit: int, records: bool = False) -> list[Suggestion]:
    """Up to ``limit`` people with a session in scope whom every word of the text matches.

    Those with a name or address that begins with it come first, and those with exactly this name
    are among them.
    """
    words = _words(called)
    if not words:
        return []
    sessions = scope.sessions() if records else scope.active()
    everyone = get_user_model()._default_manager.all()
    found = everyone
    for word in words:
        found = found.filter(_are_called(word, sessions))
    theirs = sessions.filter(user=OuterRef("pk"))
    # To answer EXISTS, PostgreSQL may read every record in scope.
    one_each = IsNull(Subquery(theirs.values("pk")[:1]), False)

    def some_of(matching: Any) -> list[Any]:
        if records:
            return list(matching.filter(one_each)[:limit])
        return _signed_in(
            list(matching.filter(Exists(theirs))[: LOOKED_AT * limit]), sessions, limit
        )

    some = some_of(found)
    if len(some) == limit:
        text = printable(called.strip(), 200)
        beginning = everyone.filter(_are_called(text, sessions, begins=True))
        if records:
            # To look for a session of everyone whose name begins so would read too many of them.
            looked_at = list(beginning.values_list("pk", flat=True)[: LOOKED_AT * limit])
            closest = list(everyone.filter(one_each, pk__in=looked_at)[:limit])
        else:
            closest = some_of(beginning)
        named = some_of(everyone.filter(_are_called(text, sessions, whole=True)))
        some = list(dict.fromkeys([*named, *closest, *some]))[:limit]
    return _in_order((_person(person) for person in some), called)


def person(scope: Scope, value: str, *, records: bool = False) -> Suggestion | None:
    """The person with this primary key, if they have a session in scope."""
    pk = _person_key(value)
    if pk is None:
        return None
    row = _newest(scope, records=records, user=pk)
    return person_of(row) if row else None


def newest_records(scope: Scope, value: str, number: int) -> list[TrackedSession]:
    """The newest records in scope of the person with this primary key, each with ``first_at``.

    That is when the person's first one began.
    """
    pk = _person_key(value)
    if pk is None:
        return []
    theirs = scope.on_record().filter(user=pk)
    first = theirs.order_by("created_at", "pk").values("created_at")[:1]
    rows = theirs.select_related("user").defer("search_text").annotate(first_at=Subquery(first))
    return list(rows.newest_first()[:number])


def person_of(session: TrackedSession) -> Suggestion:
    """The person of a session."""
    return _person(session.user)


def only(found: list[Suggestion], text: str) -> Suggestion | None:
    """The only match, or the only one with exactly this name; ``None`` if there is neither."""
    wanted = fold(text.strip())
    called = [c for c in found if wanted in map(fold, (c.label, *c.names))]
    for chosen in (found, called):
        if len(chosen) == 1:
            return chosen[0]
    return None


def _person_key(value: str) -> Any:
    """Return the primary key in this text; ``None`` if it is none."""
    try:
        # Validated, too: a number that does not fit the column is an error in the database.
        return get_user_model()._meta.pk.clean(printable(value, len(value)) and value, None)
    except (ValidationError, ValueError, OverflowError):
        return None


def _newest(scope: Scope, *, records: bool, **values: Any) -> TrackedSession | None:
    """The newest session in scope with these values."""
    if not records:
        rows = scope.active().filter(**values).select_related("user")
        return rows.newest_first().first()
    shown = TrackedSession.objects.select_related("user")
    parts = [rows.filter(**values) for rows in (scope.open(), scope.over())]
    return next(iter(page_of(*parts, size=1, shown=shown).rows), None)


def _are_called(text: str, sessions: TrackedSessionQuerySet, **how: bool) -> Q:
    """Match users by the columns of their names, or where these are computed by their labels."""
    condition = Q(pk__in=everybody.called(text, **how))
    if labelled := everybody.label_condition(text, **how):
        condition |= Q(Exists(sessions.filter(labelled, user=OuterRef("pk"))))
    return condition


def _signed_in(found: list[Any], active: TrackedSessionQuerySet, limit: int) -> list[Any]:
    """The first of these people who have a session that is alive; any while the store is away."""
    living: list[Any] = []
    for start in range(0, len(found), limit):
        if len(living) < limit:
            living += _living_among(found[start : start + limit], active)
    return living[:limit]


def _living_among(found: list[Any], active: TrackedSessionQuerySet) -> list[Any]:
    keys = [person.pk for person in found]
    newest = active.filter(user__in=keys).for_liveness()
    living: set[Any] = set()
    read = 0
    try:
        for rows in batches(newest, ROWS_AT_ONCE):
            living |= {row.user_id for row in liveness.signed_in(rows)}
            read += len(rows)
            if living >= set(keys):
                break
            if read >= ROWS_READ:
                # Too many to say of everybody; who may be signed in is suggested.
                return found
    except liveness.StoreUnavailableError:
        return found
    return [person for person in found if person.pk in living]


def _walked(
    called: str, limit: int, records: bool, more: Sequence[QuerySet[Any, Any]] = ()
) -> list[list[Suggestion]]:
    """Return up to ``limit`` accounts of ended and of open rows, and those of ``more`` queries."""
    connection = connections[TrackedSession.objects.db]
    texts = _words(called), printable(called.strip(), 200)
    walk = account_walk.statement(*texts, limit, connection, records=records, more=more)
    with connection.cursor() as cursor:
        cursor.execute(*walk)
        return _in_parts(cursor.fetchall(), (2 if records else 1) + len(more))


def _in_parts(rows: Iterable[tuple[int, str, str]], parts: int) -> list[list[Suggestion]]:
    """Return the accounts of each part of the statement."""
    found: list[list[Suggestion]] = [[] for _part in range(parts)]
    for number, value, label in rows:
        found[number].append(Suggestion(value, label))
    return found


def _words(called: str) -> list[str]:
    return search.words_of(printable(called, 200))[:SEARCH_WORDS]


def is_storable(text: str) -> bool:
    """Whether the database accepts it: PostgreSQL refuses NUL and half surrogate pairs."""
    return "\0" not in text and text == text.encode(errors="ignore").decode()


def _fits(suggestion: Suggestion, called: str) -> bool:
    return all(fold(word) in fold(suggestion.label) for word in _words(called))


def _person(person: Any) -> Suggestion:
    names = (everybody.name_of(person), everybody.email_of(person), everybody.username_of(person))
    return Suggestion(str(person.pk), everybody.label_of(person), names)


def _in_order(found: Iterable[Suggestion], called: str) -> list[Suggestion]:
    """Sort by label; those with a label or name that begins with the text come first."""
    wanted = fold(called.strip())

    def begins(choice: Suggestion) -> bool:
        return any(fold(name).startswith(wanted) for name in (choice.label, *choice.names))

    return sorted(found, key=lambda choice: (not begins(choice), choice.label.casefold()))
