"""The app's settings: one dictionary, ``SESSIONS_ADMIN``, read when it is needed.

Nothing here raises for a wrong value; ``problems()`` lists them for the system checks.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch
from django.utils.module_loading import import_string
from forwarded import client_from_x_forwarded

NAME = "SESSIONS_ADMIN"
APPLICATION_ID_LENGTH = 64


def _doc(text: str) -> dict[str, str]:
    return {"doc": text}


@dataclass(frozen=True)
class Conf:
    """One field for each key of ``SESSIONS_ADMIN``, in lower case."""

    account_resolver: str = field(
        default="sessions_admin.resolvers.no_account",
        metadata=_doc(
            "Dotted path of a function `(request)` that returns the `AccountRef` of the account "
            "the request's session is signed in to, or `None`. Called on every request, so it "
            "must not query."
        ),
    )
    administered_accounts: str = field(
        default="sessions_admin.resolvers.no_accounts",
        metadata=_doc(
            "Dotted path of a function `(user)` that returns `AdministeredAccount`s: the accounts "
            "whose sessions this person may see and end, and whether each one's plan includes "
            "the page."
        ),
    )
    admins_of_accounts: str = field(
        default="",
        metadata=_doc(
            "Dotted path of a function `(account_ids)` that returns the people who administer any "
            "of these accounts, or, for `None`, any account at all: a queryset of users, or their "
            "primary keys. Their sessions are in view of these accounts wherever they are signed "
            "in, and the question before a *Terminate all* names them. Without it no session "
            "outside an account is in its view, and at most 10 people are asked about, one by one."
        ),
    )
    applications: list[dict[str, Any]] = field(
        default_factory=lambda: [{"id": "web", "name": "Web"}],
        metadata=_doc(
            "What people sign in to: a list of `{id, name}` in the order the filter offers them, "
            "each with how it is known: `host` (as in `ALLOWED_HOSTS`), `path` (what the address "
            "begins with), `headers` (names and their exact values), `user_agent` (a part of it). "
            "The first all of whose rules fit the sign-in names it; one without rules fits every "
            "sign-in, and the last one is taken when none fits."
        ),
    )
    application_resolver: str = field(
        default="sessions_admin.resolvers.application_by_rules",
        metadata=_doc(
            "Dotted path of a function `(request)` that returns the id of the application a "
            "sign-in went to, one of `APPLICATIONS`, or `None` to let their rules decide."
        ),
    )
    trusted_proxies: int | list[str] = field(
        default=0,
        metadata=_doc(
            "The proxies in front of the server: how many there are, or a list of their addresses "
            "and networks. With 0 a forwarded header is ignored. A number needs a server that "
            "nobody reaches past the proxies."
        ),
    )
    forwarded_header: str = field(
        default="X-Forwarded-For",
        metadata=_doc(
            "The one header in which the trusted proxies name the client: `X-Forwarded-For`, "
            "`Forwarded`, or one of theirs such as `CF-Connecting-IP`."
        ),
    )
    activity_interval: int = field(
        default=60,
        metadata=_doc("Seconds between two writes of a session's *Last active*."),
    )
    page_size: int = field(default=50, metadata=_doc("Rows on a page of the list."))
    many_sessions: int = field(
        default=5,
        metadata=_doc(
            "How many sessions of one person at once are nothing to look at; one that begins "
            "beyond them is marked."
        ),
    )
    reauthentication_age: int = field(
        default=900,
        metadata=_doc(
            "Seconds for which a sign-in or a confirmed password lets its person end everything "
            "in view and read the termination log; after that the password is asked for again."
        ),
    )
    reauthentication_url: str = field(
        default="",
        metadata=_doc(
            "URL name or path of a page of yours that asks people again who they are, where they "
            "sign in without a password. It gets `?next=` and calls "
            "`sessions_admin.reauthentication.proved(request)`."
        ),
    )
    idle_timeout: int = field(
        default=0,
        metadata=_doc(
            "Seconds without activity after which `sweep_sessions` ends a session; 0 never does."
        ),
    )
    max_lifetime: int = field(
        default=0,
        metadata=_doc(
            "Seconds after its sign-in when `sweep_sessions` ends a session, however much it is "
            "used; 0 never does."
        ),
    )
    retention_days: int = field(
        default=365,
        metadata=_doc(
            "Days after which `sweep_sessions` removes the records of ended sessions, and "
            "terminations; 0 keeps them for ever."
        ),
    )
    mask_addresses_after_days: int = field(
        default=0,
        metadata=_doc(
            "Days after a session's end when `sweep_sessions` masks its addresses (the last part "
            "of IPv4, the last 80 bits of IPv6); 0 never does."
        ),
    )


@functools.cache
def current() -> Conf:
    """The settings in force. Unknown keys are left to the checks."""
    given = _given()
    known = {f.name for f in fields(Conf)}
    return Conf(**{key.lower(): value for key, value in given.items() if key.lower() in known})


@functools.cache
def imported(path: str) -> Any:
    """What a dotted path of the settings points at."""
    return import_string(path)


def problems() -> Iterator[tuple[str, str]]:
    """Pairs of what is wrong in ``SESSIONS_ADMIN`` and what to write instead."""
    raw = getattr(settings, NAME, {})
    if not isinstance(raw, Mapping):
        yield f"{NAME} is not a dictionary.", f"Write {NAME} = {{...}}."
        return
    known = {f.name.upper(): f for f in fields(Conf)}
    for key in raw:
        if key not in known:
            yield f"{NAME} has the unknown key {key!r}.", f"Known keys: {', '.join(known)}."
    yield from _path_problems()
    yield from _number_problems()
    yield from _proxy_problems()
    yield from _application_problems()
    yield from _url_problems()


def _given() -> dict[str, Any]:
    raw = getattr(settings, NAME, {})
    return {str(k): v for k, v in raw.items()} if isinstance(raw, Mapping) else {}


def _path_problems() -> Iterator[tuple[str, str]]:
    optional = ["admins_of_accounts"] if current().admins_of_accounts else []
    for key in ("account_resolver", "administered_accounts", "application_resolver", *optional):
        path = getattr(current(), key)
        try:
            found = callable(import_string(path))
        except (ImportError, AttributeError, TypeError, ValueError):
            found = False
        if not found:
            yield (
                f"{NAME}[{key.upper()!r}] names {path!r}, which does not import as a function.",
                'Write the dotted path of a function, such as "customers.access.account_of".',
            )


def _number_problems() -> Iterator[tuple[str, str]]:
    for key, least, most in (
        ("activity_interval", 1, 86_400),
        ("page_size", 1, 500),
        ("many_sessions", 1, 49),
        ("reauthentication_age", 1, 31_536_000),
        ("idle_timeout", 0, 315_360_000),
        ("max_lifetime", 0, 315_360_000),
        ("retention_days", 0, 36_500),
        ("mask_addresses_after_days", 0, 36_500),
    ):
        value = getattr(current(), key)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            yield (
                f"{NAME}[{key.upper()!r}] is {value!r}.",
                f"Write a whole number from {least} to {most}.",
            )


def _proxy_problems() -> Iterator[tuple[str, str]]:
    proxies = current().trusted_proxies
    try:
        if isinstance(proxies, int):
            client_from_x_forwarded(None, None, hops=proxies)
        else:
            client_from_x_forwarded(None, None, trusted=proxies)
    except (TypeError, ValueError) as error:
        yield (
            f"{NAME}['TRUSTED_PROXIES'] is {proxies!r}: {error}.",
            'Write how many proxies there are, or a list such as ["10.0.0.0/8", "2001:db8::7"].',
        )
    header = current().forwarded_header
    if not isinstance(header, str) or not re.fullmatch(r"[A-Za-z0-9-]+", header):
        yield (
            f"{NAME}['FORWARDED_HEADER'] is {header!r}, which is not the name of a header.",
            'Write "X-Forwarded-For", "Forwarded", or the one your proxies write.',
        )


def _application_problems() -> Iterator[tuple[str, str]]:
    hint = 'Write a list such as [{"id": "app", "name": "Mobile app", "path": "/api/"}].'
    given = current().applications
    if not isinstance(given, list | tuple) or not given:
        yield f"{NAME}['APPLICATIONS'] is not a list of applications.", hint
        return
    for entry in given:
        if not _is_application(entry):
            yield f"{NAME}['APPLICATIONS'] has the wrong entry {entry!r}.", hint
            return
    ids = [entry["id"] for entry in given]
    if len(ids) != len(set(ids)):
        yield f"{NAME}['APPLICATIONS'] uses an id twice.", hint


def _is_application(entry: Any) -> bool:
    if not isinstance(entry, Mapping) or not {"id", "name"} <= set(entry):
        return False
    rules = {key: value for key, value in entry.items() if key not in {"id", "name"}}
    headers = rules.pop("headers", {})
    texts = [entry["id"], *rules.values()]
    return (
        isinstance(headers, Mapping)
        and set(rules) <= {"host", "path", "user_agent"}
        and all(isinstance(text, str) and text for text in [*texts, *headers, *headers.values()])
        and len(entry["id"]) <= APPLICATION_ID_LENGTH
    )


def _url_problems() -> Iterator[tuple[str, str]]:
    address = current().reauthentication_url
    try:
        found = isinstance(address, str) and bool(not address or resolve_url(address))
    except NoReverseMatch:
        found = False
    if not found:
        yield (
            f"{NAME}['REAUTHENTICATION_URL'] is {address!r}, which names no page.",
            'Write the name or the path of a page of yours, such as "/sso/again/".',
        )


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == NAME:
        current.cache_clear()


setting_changed.connect(_forget, dispatch_uid="sessions_admin.conf")
