"""Which account a session is in, and which accounts a person administers.

The session stores the account's id and name, so reading it runs no SQL. The name is the one the
account had when the session entered it.
"""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db.models import F, QuerySet
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy

from sessions_admin.resolvers import NO_ACCOUNT, AccountRef, AdministeredAccount

from .models import Account, Membership

SESSION_ENTRY = "account"


def account_of(request: HttpRequest) -> AccountRef | None:
    """Return the account of this request's session, or None. Runs no SQL itself."""
    entry = request.session.get(SESSION_ENTRY) if hasattr(request, "session") else None
    if not isinstance(entry, dict):
        return None
    account_id, name = entry.get("id"), entry.get("name")
    if not (isinstance(account_id, str) and account_id and isinstance(name, str)):
        return None
    return AccountRef(id=account_id, name=name)


def account_to_track(request: HttpRequest) -> AccountRef:
    """Return the session's account under its current name, which is queried only when it is used.

    The account may have been renamed between the sign-in and the first request that tracks the
    session. Sessions of people without an account are in none.
    """
    account = account_of(request)
    if account is None:
        return NO_ACCOUNT
    if getattr(request, "account_entered", None) == account.id:
        return account
    return AccountRef(id=account.id, name=_name_when_used(account))


def application_of(request: HttpRequest) -> str | None:
    """Return "management" for a sign-in on the common page that leads to Account Management.

    Every other application is recognised by its address, so the result is None.
    """
    on_the_way = request.method == "POST" and request.path == reverse("login")
    wanted = _wanted(request) if on_the_way else ""
    leads_there = wanted and wanted.startswith(reverse("account_management"))
    return "management" if leads_there else None


def _wanted(request: HttpRequest) -> str:
    """Return the request's ``next``, or an empty string if the request cannot be parsed."""
    try:
        return request.POST.get("next", request.GET.get("next", ""))
    except (BadRequest, MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return ""


def _name_now(account: AccountRef) -> str:
    found = Account.objects.filter(pk=account.id).values_list("name", flat=True).first()
    return found or account.name


# Made once: ``lazy`` creates a class, which takes longer than the rest of a request's tracking.
_name_when_used = lazy(_name_now, str)


def administered_by(user: AbstractBaseUser | AnonymousUser) -> list[AdministeredAccount]:
    """Return the accounts this person owns or is an admin of, by name, and if each has the page."""
    memberships = list(memberships_of(user))
    # Kept on the user because the header of the page shows them as well.
    user.memberships_read = memberships  # type: ignore[union-attr]
    return [
        AdministeredAccount(
            account=ref(membership.account),
            included=membership.account.has_advanced_security,
        )
        for membership in memberships
        if membership.administers
    ]


def admins_of(account_ids: list[str] | None) -> QuerySet[Membership, int]:
    """Return the owners and admins of these accounts; with ``None``, of all accounts."""
    places = Membership.objects.filter(role__in=Membership.ADMINISTERING)
    if account_ids is not None:
        places = places.filter(account__in=[int(pk) for pk in account_ids])
    return places.values_list("user", flat=True)


def memberships_of(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Membership]:
    """Return this person's memberships with their accounts, ordered by account name."""
    if user.pk is None:
        return Membership.objects.none()
    own = Membership.objects.filter(user_id=user.pk)
    return own.select_related("account").order_by("account__name")


def must_choose(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether this person has several accounts and has never chosen one."""
    choices = memberships_of(user).values_list("last_chosen_at", flat=True)
    return len(choices) > 1 and not any(choices)


def start(request: HttpRequest, user: AbstractBaseUser) -> None:
    """Put a new sign-in in the account chosen last, else the first by name, else none."""
    last_chosen_first = F("last_chosen_at").desc(nulls_last=True)
    membership = memberships_of(user).order_by(last_chosen_first, "account__name").first()
    if membership is None:
        request.session.pop(SESSION_ENTRY, None)
    else:
        enter(request, membership.account)


def choose(request: HttpRequest, membership: Membership) -> None:
    """Move this session to the membership's account, and start the next sign-in there too."""
    membership.last_chosen_at = timezone.now()
    membership.save(update_fields=["last_chosen_at"])
    enter(request, membership.account)


def enter(request: HttpRequest, account: Account) -> None:
    """Put this session in an account. The caller has checked that the person is a member."""
    request.account_entered = str(account.pk)  # type: ignore[attr-defined]
    request.session[SESSION_ENTRY] = {"id": str(account.pk), "name": account.name}


def ref(account: Account) -> AccountRef:
    return AccountRef(id=str(account.pk), name=account.name)
