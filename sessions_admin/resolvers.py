"""Names the account and the application of a request, and the accounts a person administers.

The host answers for its own tenants through two functions named in ``SESSIONS_ADMIN``; accounts
are referred to by value, so any tenant model, or none, will do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from django.utils.crypto import constant_time_compare

from sessions_admin import conf
from sessions_admin.client import header_text, printable

logger = logging.getLogger(__name__)

ACCOUNT_ID_LENGTH = 64
NAME_LENGTH = 200


@dataclass(frozen=True)
class AccountRef:
    """An account by value: its id as text (at most 64 characters) and its name."""

    id: str
    name: str

    def __post_init__(self) -> None:
        # Customers name their accounts themselves. A lazy name stays one: it may cost a query.
        if isinstance(self.name, str):
            object.__setattr__(self, "name", printable(self.name, NAME_LENGTH) or self.id)


@dataclass(frozen=True)
class AdministeredAccount:
    """An account that somebody administers, and whether its plan or an add-on includes the page."""

    account: AccountRef
    included: bool = True


@dataclass(frozen=True)
class Application:
    """A product or client that people sign in to, and the rules a sign-in to it fits."""

    id: str
    name: str
    host: str = ""
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    user_agent: str = ""

    def fits(self, request: HttpRequest) -> bool:
        """Whether every rule fits. A client can pick an application, but not invent one."""
        return (
            request.path.startswith(self.path)
            and (not self.host or _is_at(request, self.host))
            and self.user_agent in header_text(request.META.get("HTTP_USER_AGENT", ""))
            and all(
                _equal(header_text(request.headers.get(n, "")), v) for n, v in self.headers.items()
            )
        )


def account_of(request: HttpRequest) -> AccountRef | None:
    """The account the request's session is signed in to.

    If the resolver fails, that is logged and there is no account: the request must not break.
    """
    try:
        account: AccountRef | None = conf.imported(conf.current().account_resolver)(request)
    except Exception:
        logger.exception("The account resolver failed")
        return None
    return account


def administered_by(user: AbstractBaseUser) -> list[AdministeredAccount]:
    """The accounts whose sessions this person may see and end. Errors are not caught here."""
    accounts: Iterable[AdministeredAccount] = conf.imported(conf.current().administered_accounts)(
        user
    )
    return list(accounts)


def admins_of(account_ids: list[str] | None) -> Any:
    """The keys of those who administer one of these accounts, or with ``None`` any account.

    Returns what ``pk__in`` accepts, or ``None`` if the host has no function for this.
    """
    path = conf.current().admins_of_accounts
    return conf.imported(path)(account_ids) if path else None


def applications() -> list[Application]:
    """The applications in the order of the settings."""
    return [Application(**entry) for entry in conf.current().applications]


def application_of(request: HttpRequest) -> Application:
    """The application that this request signs in to: always one of ``applications()``.

    If the resolver fails or returns an unknown id, that is logged and the rules decide.
    """
    known = {application.id: application for application in applications()}
    try:
        named = conf.imported(conf.current().application_resolver)(request)
    except Exception:
        logger.exception("The application resolver failed")
        named = None
    if named is None or str(named) not in known:
        if named is not None:
            logger.error("The application resolver named %r, which is not configured", named)
        named = application_by_rules(request)
    return known[str(named)]


def application_by_rules(request: HttpRequest) -> str:
    """The id of the first application whose rules fit; of the last one when none does."""
    known = applications()
    return next((a.id for a in known if a.fits(request)), known[-1].id)


def application_name(application_id: str) -> str:
    """The name to show; the id itself for an application that is no longer configured."""
    return next((a.name for a in applications() if a.id == application_id), application_id)


def no_account(request: HttpRequest) -> AccountRef | None:
    """For projects without accounts."""
    return None


def no_accounts(user: AbstractBaseUser) -> list[AdministeredAccount]:
    """For projects without accounts: only superusers see sessions."""
    return []


def _is_at(request: HttpRequest, pattern: str) -> bool:
    try:
        domain, _port = split_domain_port(request.get_host())
    except DisallowedHost:
        return False
    return validate_host(domain, [pattern])


def _equal(sent: str, expected: str) -> bool:
    # The value may be a secret between the product and its client.
    return constant_time_compare(sent, expected)
