"""Which account a session is in, and which accounts a person administers.

The session carries the account by value, so naming it costs no SQL; its name there is the one
it had when the session entered it.
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

from sessions_admin.resolvers import AccountRef, AdministeredAccount

from .models import Account, Membership

SESSION_ENTRY = "account"


def account_of(request: HttpRequest) -> AccountRef | None:
    """The account this request's session is in; None when it is in none. Runs no SQL of its own."""
    entry = request.session.get(SESSION_ENTRY) if hasattr(request, "session") else None
    if not isinstance(entry, dict):
        return None
    account_id, name = entry.get("id"), entry.get("name")
    if not (isinstance(account_id, str) and account_id and isinstance(name, str)):
        return None
    return AccountRef(id=account_id, name=name)


def account_to_track(request: HttpRequest) -> AccountRef | None:
    """The same account under the name it has now, which is asked for only when it is needed.

    A session that is seen for the first time may have entered its account before a renaming.
    """
    account = account_of(request)
    if account is None or getattr(request, "account_entered", None) == account.id:
        return account
    return AccountRef(id=account.id, name=lazy(_name_now, str)(account))


def application_of(request: HttpRequest) -> str | None:
    """Somebody who was sent to the common sign-in page on the way to Account Management.

    Where they were going is what they sign in to; the addresses decide everything else.
    """
    on_the_way = request.method == "POST" and request.path == reverse("login")
    wanted = _wanted(request) if on_the_way else ""
    return "management" if wanted.startswith(reverse("account_management")) else None


def _wanted(request: HttpRequest) -> str:
    """Where ``next`` leads; nowhere in a request that cannot be read."""
    try:
        return request.POST.get("next", request.GET.get("next", ""))
    except (BadRequest, MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return ""


def _name_now(account: AccountRef) -> str:
    found = Account.objects.filter(pk=account.id).values_list("name", flat=True).first()
    return found or account.name


def administered_by(user: AbstractBaseUser | AnonymousUser) -> list[AdministeredAccount]:
    """The accounts this person owns or is an admin of, by name, and whether each has the page."""
    memberships = list(memberships_of(user))
    # The header of the page that asked shows them as well.
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
    """Who owns or is an admin of any of these accounts; with ``None``, of any at all."""
    places = Membership.objects.filter(role__in=Membership.ADMINISTERING)
    if account_ids is not None:
        places = places.filter(account__in=[int(pk) for pk in account_ids])
    return places.values_list("user", flat=True)


def memberships_of(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Membership]:
    """This person's memberships with their accounts, ordered by the account's name."""
    if user.pk is None:
        return Membership.objects.none()
    own = Membership.objects.filter(user_id=user.pk)
    return own.select_related("account").order_by("account__name")


def must_choose(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether this person has several accounts and never said which one they mean."""
    choices = memberships_of(user).values_list("last_chosen_at", flat=True)
    return len(choices) > 1 and not any(choices)


def start(request: HttpRequest, user: AbstractBaseUser) -> None:
    """Begin a sign-in in the account chosen last, or the first by name, or in none."""
    last_chosen_first = F("last_chosen_at").desc(nulls_last=True)
    membership = memberships_of(user).order_by(last_chosen_first, "account__name").first()
    if membership is None:
        request.session.pop(SESSION_ENTRY, None)
    else:
        enter(request, membership.account)


def choose(request: HttpRequest, membership: Membership) -> None:
    """Move this session to the membership's account, where the next sign-in starts too."""
    membership.last_chosen_at = timezone.now()
    membership.save(update_fields=["last_chosen_at"])
    enter(request, membership.account)


def enter(request: HttpRequest, account: Account) -> None:
    """Put this session in an account; the caller has made sure that the person belongs there."""
    request.account_entered = str(account.pk)  # type: ignore[attr-defined]
    request.session[SESSION_ENTRY] = {"id": str(account.pk), "name": account.name}


def ref(account: Account) -> AccountRef:
    return AccountRef(id=str(account.pk), name=account.name)
