"""Find wrong keys and values in ``SESSIONS_ADMIN``, for the system checks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from django.conf import settings
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch
from django.utils.module_loading import import_string

from sessions_admin.conf import APPLICATION_ID_LENGTH, NAME, Conf, current
from sessions_admin.ip_addresses import parse_proxies


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
    yield from _switch_problems()
    yield from _proxy_problems()
    yield from _application_problems()
    yield from _url_problems()


def _path_problems() -> Iterator[tuple[str, str]]:
    needed = (
        "account_resolver",
        "administered_accounts",
        "application_resolver",
        "sees_all",
        "sign_in_method",
    )
    optional = ("admins_of_accounts", "members_of_accounts", "user_name", "next_steps")
    for key in (*needed, *(key for key in optional if getattr(current(), key))):
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


def _switch_problems() -> Iterator[tuple[str, str]]:
    for key in ("single_sign_on", "track"):
        value = getattr(current(), key)
        if not isinstance(value, bool):
            yield f"{NAME}[{key.upper()!r}] is {value!r}.", "Write True or False."


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
    for key in ("reauthentication_url", "password_change_url", "upgrade_url"):
        address = getattr(current(), key)
        try:
            found = isinstance(address, str) and bool(not address or resolve_url(address))
        except NoReverseMatch:
            found = False
        if not found:
            yield (
                f"{NAME}[{key.upper()!r}] is {address!r}, which names no page.",
                'Write the name or the path of a page of yours, such as "/sso/again/".',
            )
