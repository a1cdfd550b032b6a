"""Names the account and the application of a request, and the accounts a person administers.

The host answers for its own tenants through two functions named in ``SESSIONS_ADMIN``; accounts
are referred to by value, so any tenant model, or none, will do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest

from sessions_admin import conf

logger = logging.getLogger(__name__)

ACCOUNT_ID_LENGTH = 64
NAME_LENGTH = 200


@dataclass(frozen=True)
class AccountRef:
    """An account by value: its id as text (at most 64 characters) and its name."""

    id: str
    name: str


@dataclass(frozen=True)
class AdministeredAccount:
    """An account that somebody administers, and whether its plan or an add-on includes the page."""

    account: AccountRef
    included: bool = True


@dataclass(frozen=True)
class Application:
    """A product or client that people sign in to."""

    id: str
    name: str
    path: str = ""


def account_of(request: HttpRequest) -> AccountRef | None:
    """The account the request's session is signed in to.

    A failing resolver is logged and counts as no account: it must not break the request.
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


def applications() -> list[Application]:
    """The applications in the order of the settings."""
    return [Application(**entry) for entry in conf.current().applications]


def application_of(request: HttpRequest) -> Application:
    """The application whose address this request went to; the last one when none fits."""
    known = applications()
    return next((a for a in known if request.path.startswith(a.path)), known[-1])


def application_name(application_id: str) -> str:
    """The name to show; the id itself for an application that is no longer configured."""
    return next((a.name for a in applications() if a.id == application_id), application_id)


def no_account(request: HttpRequest) -> AccountRef | None:
    """For projects without accounts."""
    return None


def no_accounts(user: AbstractBaseUser) -> list[AdministeredAccount]:
    """For projects without accounts: only superusers see sessions."""
    return []
