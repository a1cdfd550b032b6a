"""The app's settings: one dictionary, ``SESSIONS_ADMIN``, read at use.

Wrong values raise nothing here; ``problems()`` lists them for the system checks.
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

from sessions_admin.addresses import parse_proxies

NAME = "SESSIONS_ADMIN"
APPLICATION_ID_LENGTH = 64


def _doc(text: str) -> dict[str, str]:
    return {"doc": text}


@dataclass(frozen=True)
class Conf:
    """The settings: one field for each key of ``SESSIONS_ADMIN``, in lower case."""

    account_resolver: str = field(
        default="sessions_admin.resolvers.no_account",
        metadata=_doc(
            "Dotted path of a function `(request)` that returns the `AccountRef` of the account "
            "that the session is signed in to, or `None`. It is called on every request, so it "
            "must not run queries."
        ),
    )
    administered_accounts: str = field(
        default="sessions_admin.resolvers.no_accounts",
        metadata=_doc(
            "Dotted path of a function `(user)` that returns a list of `AdministeredAccount`: the "
            "accounts whose sessions this user may see and end, each with whether its plan "
            "includes the page."
        ),
    )
    admins_of_accounts: str = field(
        default="",
        metadata=_doc(
            "Dotted path of a function `(account_ids)` that returns the users who administer any "
            "of these accounts (for `None`: any account), as a queryset of users or as primary "
            "keys. Their sessions are listed with these accounts wherever they are signed in, and "
            "the confirmation of *Terminate all* names them. Without it, only sessions in the "
            "accounts are listed, and the confirmation asks `ADMINISTERED_ACCOUNTS` about up to "
            "10 people, one by one."
        ),
    )
    applications: list[dict[str, Any]] = field(
        default_factory=lambda: [{"id": "web", "name": "Web"}],
        metadata=_doc(
            "The products and clients that people sign in to, in the order of the filter: a list "
            "of `{id, name}` with optional rules: `host` (as in `ALLOWED_HOSTS`), `path` (how the "
            "path begins), `headers` (names and exact values), `user_agent` (a part of it). A "
            "sign-in belongs to the first application whose rules all match. An application "
            "without rules matches every sign-in. If none matches, the last one is used."
        ),
    )
    application_resolver: str = field(
        default="sessions_admin.resolvers.application_by_rules",
        metadata=_doc(
            "Dotted path of a function `(request)` that returns the id of the application of a "
            "sign-in, one of `APPLICATIONS`, or `None` to use their rules."
        ),
    )
    trusted_proxies: int | list[str] = field(
        default=0,
        metadata=_doc(
            "The proxies in front of the server: their number, or a list of their addresses and "
            "networks. With 0, forwarded headers are ignored. Use a number only if nobody can "
            "reach the server without going through the proxies."
        ),
    )
    forwarded_header: str = field(
        default="X-Forwarded-For",
        metadata=_doc(
            "The header in which the trusted proxies pass on the client's address: "
            "`X-Forwarded-For`, `Forwarded`, or one of their own such as `CF-Connecting-IP`."
        ),
    )
    activity_interval: int = field(
        default=60,
        metadata=_doc(
            "Minimum number of seconds between two updates of a session's *Last active*."
        ),
    )
    page_size: int = field(default=50, metadata=_doc("Rows per page of the list."))
    many_sessions: int = field(
        default=5,
        metadata=_doc(
            "How many active sessions a person may have before the next one gets the flag for many "
            "active sessions."
        ),
    )
    reauthentication_age: int = field(
        default=900,
        metadata=_doc(
            "Seconds for which a sign-in or a confirmed password counts as a fresh proof of "
            "identity. After that, terminating several sessions, signing out of other devices and "
            "reading the termination log ask for the password first."
        ),
    )
    reauthentication_url: str = field(
        default="",
        metadata=_doc(
            "URL name or path of your own page that asks people to prove who they are, for "
            "sign-ins without a password. It gets `?next=` and calls "
            "`sessions_admin.reauthentication.proved(request)`."
        ),
    )
    idle_timeout: int = field(
        default=0,
        metadata=_doc(
            "Seconds without activity after which `sweep_sessions` ends a session; 0 means never."
        ),
    )
    max_lifetime: int = field(
        default=0,
        metadata=_doc(
            "Seconds after its sign-in when `sweep_sessions` ends a session, even if it is in use; "
            "0 means never."
        ),
    )
    retention_days: int = field(
        default=365,
        metadata=_doc(
            "Days after which `sweep_sessions` removes the records of ended sessions, and the "
            "entries of the termination log whose sessions have been removed; 0 keeps both forever."
        ),
    )
    mask_addresses_after_days: int = field(
        default=0,
        metadata=_doc(
            "Days after a session's end when `sweep_sessions` masks its addresses (the last 8 bits "
            "of IPv4, the last 80 bits of IPv6); 0 means never."
        ),
    )


@functools.cache
def current() -> Conf:
    """Return the current settings, ignoring unknown keys, which the system checks report."""
    given = _given()
    known = {f.name for f in fields(Conf)}
    return Conf(**{key.lower(): value for key, value in given.items() if key.lower() in known})


@functools.cache
def imported(path: str) -> Any:
    """Import the object that a dotted path in the settings names."""
    return import_string(path)


def problems() -> Iterator[tuple[str, str]]:
    """Yield pairs of a problem in ``SESSIONS_ADMIN`` and a hint on what to write instead."""
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
        parse_proxies(proxies)
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
