"""The app's settings: one dictionary, ``SESSIONS_ADMIN``, read at use.

Wrong values raise nothing here; ``conf_problems`` lists them for the system checks.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

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
            "that the session is signed in to, or `NO_ACCOUNT` if it is signed in to none. `None` "
            "means that this request does not show the account: the session keeps the one it had. "
            "It is called on every request, so it must not run queries."
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
    members_of_accounts: str = field(
        default="",
        metadata=_doc(
            "Dotted path of a function `(account_ids)` that returns the users who belong to any of "
            "these accounts, as a queryset of users or as primary keys. Set it if people, rather "
            "than their sessions, belong to accounts: admins then see and end all sessions of the "
            "members of their accounts, wherever they are signed in."
        ),
    )
    sees_all: str = field(
        default="sessions_admin.resolvers.is_superuser",
        metadata=_doc(
            "Dotted path of a function `(user)` that returns whether this user may see and end all "
            "sessions. Inactive users never may."
        ),
    )
    user_name: str = field(
        default="",
        metadata=_doc(
            "Dotted path of a function `(user)` that returns what the pages call a person. If it "
            "is not set, or returns nothing, that is the person's name, else their email address, "
            "else their username. It is called for each row of a page, so it should run no "
            "queries."
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
    sign_in_method: str = field(
        default="sessions_admin.sign_in_methods.by_backend",
        metadata=_doc(
            "Dotted path of a function `(request)` that returns how the session was signed in to: "
            "one of `password`, `two-factor`, `sso`, `passkey`, `code`, `link`, `token`, or words "
            "of your own, at most 50 characters; `SignInMethod('support', by=name)` for a support "
            "session; `None` for what the authentication backend says. It is called once for each "
            "sign-in, so it should run no queries."
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
    track: bool = field(
        default=True,
        metadata=_doc(
            "`False` in the settings of a test suite: no request writes or looks up a row, so that "
            "it runs the queries it would run without the app. Sessions are then not listed. "
            "Never on a server."
        ),
    )
    page_size: int = field(default=50, metadata=_doc("Rows per page of the list."))
    many_sessions: int = field(
        default=5,
        metadata=_doc(
            "How many active sessions a person may have in an account before further ones get the "
            "flag for many active sessions."
        ),
    )
    reauthentication_age: int = field(
        default=900,
        metadata=_doc(
            "Seconds for which a sign-in or a confirmed password counts as a fresh proof of "
            "identity. After that, terminating several sessions, signing out of other devices, "
            "exports and reading the termination log ask for the password first."
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
    password_change_url: str = field(
        default="",
        metadata=_doc(
            "URL name or path of the page on which people change their password, linked from "
            "*Your sessions*. Without it, the URL named `password_change` is used if there is one."
        ),
    )
    upgrade_url: str = field(
        default="",
        metadata=_doc(
            "URL name, path or URL of the page on which an account gets the feature. The page for "
            "admins whose accounts lack it leads there."
        ),
    )
    next_steps: str = field(
        default="",
        metadata=_doc(
            "Dotted path of a function `(request, user)` that returns a list of `NextStep`: what "
            "an admin may do next about a person whose sessions were terminated, such as *Send a "
            "password reset*. `request.user` is the admin."
        ),
    )
    single_sign_on: bool = field(
        default=False,
        metadata=_doc(
            "Whether people sign in through an identity provider, which may sign them straight "
            "back in. The confirmation of *Terminate* then says so."
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
            "Days after which `sweep_sessions` removes the records of ended sessions, the entries "
            "of the termination log whose sessions have been removed, and the records of exports; "
            "0 keeps all of them forever."
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
    values = _given()
    known = {f.name for f in fields(Conf)}
    return Conf(**{key.lower(): value for key, value in values.items() if key.lower() in known})


@functools.cache
def imported(path: str) -> Any:
    """Import the object that a dotted path in the settings names."""
    return import_string(path)


def _given() -> dict[str, Any]:
    raw = getattr(settings, NAME, {})
    return {str(k): v for k, v in raw.items()} if isinstance(raw, Mapping) else {}


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == NAME:
        current.cache_clear()


setting_changed.connect(_forget, dispatch_uid="sessions_admin.conf")
