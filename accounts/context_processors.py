"""What every page of the site needs: the signed-in person's navigation, languages, time zone."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from . import access, preferences
from .models import Membership, User


def navigation(request: HttpRequest) -> dict[str, Any]:
    return {
        "navigation": Navigation(request),
        "languages": preferences.languages(),
        "follows_browser_zone": not preferences.has_chosen_zone(request),
    }


class Navigation:
    """The signed-in person's account and links for the header; false and empty when signed out.

    Lazy: nothing is queried until a template reads a value, and then everything is queried once.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def __bool__(self) -> bool:
        return self._user.is_authenticated

    @cached_property
    def account(self) -> str:
        """The current name of the session's account; empty when the session has none."""
        current = access.account_of(self._request) if self else None
        if current is None:
            return ""
        for membership in self._memberships:
            if str(membership.account_id) == current.id:
                return membership.account.name
        return current.name

    @cached_property
    def has_several_accounts(self) -> bool:
        read = self._memberships_read
        if read is None:
            # Those who see all accounts need nothing else of their own memberships.
            own = access.memberships_of(self._user).order_by()
            return len(own.values_list("pk")[:2]) > 1
        return len(read) > 1

    @cached_property
    def administers(self) -> bool:
        """Whether they own or administer an account, or are a superuser."""
        return self._user.is_superuser or any(
            membership.administers for membership in self._memberships
        )

    @property
    def _user(self) -> User | AnonymousUser:
        # A request refused before authentication has no user, but its error page has a header.
        return self._request.user if hasattr(self._request, "user") else AnonymousUser()

    @cached_property
    def _memberships(self) -> list[Membership]:
        read = self._memberships_read
        return list(access.memberships_of(self._user)) if read is None else read

    @property
    def _memberships_read(self) -> list[Membership] | None:
        """The memberships, if anything in this request has read them."""
        read = self.__dict__.get("_memberships")
        return getattr(self._user, "memberships_read", None) if read is None else read
