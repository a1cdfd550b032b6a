"""Resolve the account, application and sign-in method of a request, and who administers what.

The project provides the functions for its own accounts in ``SESSIONS_ADMIN``. Accounts are stored
by value, so any account model, or none, will do.
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
from django.utils.functional import Promise

from sessions_admin import conf
from sessions_admin.client import header_text, printable

logger = logging.getLogger(__name__)

ACCOUNT_ID_LENGTH = 64
NAME_LENGTH = 200
METHOD_LENGTH = 50
LABEL_LENGTH = 320


@dataclass(frozen=True)
class AccountRef:
    """An account by value: its id as text (at most 64 characters) and its name."""

    id: str
    name: str

    def __post_init__(self) -> None:
        # Made printable, since customers name their accounts. Lazy names stay lazy: they may cost
        # a query.
        if isinstance(self.name, str):
            object.__setattr__(self, "name", printable(self.name, NAME_LENGTH) or self.id)


# The answer of an account resolver that the session is signed in to no account.
NO_ACCOUNT = AccountRef(id="", name="")


@dataclass(frozen=True)
class AdministeredAccount:
    """An account that a user administers, and whether its plan or an add-on includes the page."""

    account: AccountRef
    included: bool = True


@dataclass(frozen=True)
class Application:
    """A product or client that people sign in to, and the rules that match its sign-ins."""

    id: str
    name: str
    host: str = ""
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    user_agent: str = ""

    def fits(self, request: HttpRequest) -> bool:
        """Whether every rule matches. Clients can choose an application, but not invent one."""
        return (
            request.path.startswith(self.path)
            and (not self.host or _is_at(request, self.host))
            and self.user_agent in header_text(request.META.get("HTTP_USER_AGENT", ""))
            and all(
                _equal(header_text(request.headers.get(n, "")), v) for n, v in self.headers.items()
            )
        )


@dataclass(frozen=True)
class SignInMethod:
    """How somebody signed in, and if others did it in their name (support), who.

    ``method`` is one of ``sign_in_methods.WORDS``, or a text of at most 50 characters that is
    shown as it is.
    """

    method: str
    by: str = ""

    @property
    def columns(self) -> dict[str, str]:
        return {"sign_in_method": self.method, "signed_in_by": self.by}


@dataclass(frozen=True)
class NextStep:
    """A link to what an admin may do next about a person, such as "Send a password reset"."""

    label: str
    url: str


def account_of(request: HttpRequest) -> AccountRef | None:
    """Return the account that the request's session is signed in to, NO_ACCOUNT if to none.

    ``None`` means that the request does not show it, so that the session keeps its account. So it
    does if the resolver fails, which is logged: the request must not break, and the session must
    not disappear from the list of its account's admins.
    """
    try:
        account = conf.imported(conf.current().account_resolver)(request)
    except Exception:
        logger.exception("The account resolver failed")
        return None
    if account is None or isinstance(account, AccountRef):
        return account
    logger.error("The account resolver returned no AccountRef but a %s", type(account).__name__)
    return None


def administered_by(user: AbstractBaseUser) -> list[AdministeredAccount]:
    """Return the accounts whose sessions this user may see and end. Resolver errors propagate."""
    accounts: Iterable[AdministeredAccount] = conf.imported(conf.current().administered_accounts)(
        user
    )
    return list(accounts)


def admins_of(account_ids: list[str] | None) -> Any:
    """Return the users who administer one of these accounts, or with ``None`` any account.

    The result is a value for ``pk__in``, or ``None`` if ADMINS_OF_ACCOUNTS is not set.
    """
    path = conf.current().admins_of_accounts
    return conf.imported(path)(account_ids) if path else None


def members_of(account_ids: list[str]) -> Any:
    """Return the users who belong to one of these accounts, as a value for ``pk__in``.

    ``None`` if MEMBERS_OF_ACCOUNTS is not set: then only sessions belong to accounts.
    """
    path = conf.current().members_of_accounts
    return conf.imported(path)(account_ids) if path else None


def sessions_have_accounts() -> bool:
    """Whether the project says which account a session is signed in to (ACCOUNT_RESOLVER)."""
    return conf.current().account_resolver != conf.Conf.account_resolver


def superusers_see_all() -> bool:
    """Whether those who see all sessions are the superusers, as by default."""
    return conf.current().sees_all == conf.Conf.sees_all


def sees_all(user: Any) -> bool:
    """Whether this user may see and end all sessions. Errors of SEES_ALL propagate."""
    return bool(conf.imported(conf.current().sees_all)(user))


def applications() -> list[Application]:
    """Return the applications in the order of the settings."""
    return [Application(**entry) for entry in conf.current().applications]


def application_of(request: HttpRequest) -> Application:
    """Return the application that this request signs in to: always one of ``applications()``.

    If the resolver fails or returns an unknown id, that is logged and the rules are used.
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
    """Return the id of the first application whose rules match, or of the last if none do."""
    known = applications()
    return next((a.id for a in known if a.fits(request)), known[-1].id)


def application_name(application_id: str) -> str:
    """Return the name of an application, or its id if it is no longer configured."""
    return next((a.name for a in applications() if a.id == application_id), application_id)


def sign_in_method_of(request: HttpRequest) -> SignInMethod:
    """Return how the session of this request was signed in to; empty if nobody can say.

    If the resolver fails or returns something else, that is logged. If it returns ``None``, the
    backend says it.
    """
    try:
        named = conf.imported(conf.current().sign_in_method)(request)
        if named is None:
            named = conf.imported(conf.Conf.sign_in_method)(request)
        given = named if isinstance(named, SignInMethod) else SignInMethod(named)
        if not isinstance(given.method, str | Promise):
            kind = type(given.method).__name__
            logger.error("The resolver of the sign-in method returned no text but a %s", kind)
            return SignInMethod("")
        return SignInMethod(
            printable(str(given.method), METHOD_LENGTH), printable(str(given.by), LABEL_LENGTH)
        )
    except Exception:
        logger.exception("The resolver of the sign-in method failed")
        return SignInMethod("")


def no_account(request: HttpRequest) -> AccountRef:
    """Return no account: the default, for projects without accounts."""
    return NO_ACCOUNT


def no_accounts(user: AbstractBaseUser) -> list[AdministeredAccount]:
    """Return no accounts: the default, with which only those see sessions who see all."""
    return []


def next_steps(request: HttpRequest, user: AbstractBaseUser | None) -> list[NextStep]:
    """Return what the admin of this request may do next about a user; empty if that fails."""
    path = conf.current().next_steps
    if not path or user is None or user.pk == request.user.pk:
        return []
    try:
        return list(conf.imported(path)(request, user))
    except Exception:
        logger.exception("The function for the next steps failed")
        return []


def is_superuser(user: Any) -> bool:
    """Whether this is a superuser: the default of SEES_ALL. Not every user model has them."""
    return bool(getattr(user, "is_superuser", False))


def _is_at(request: HttpRequest, pattern: str) -> bool:
    try:
        domain, _port = split_domain_port(request.get_host())
    except DisallowedHost:
        return False
    return validate_host(domain, [pattern])


def _equal(sent: str, expected: str) -> bool:
    # Compared in constant time, since the value may be a secret of the product and its client.
    return constant_time_compare(sent, expected)
