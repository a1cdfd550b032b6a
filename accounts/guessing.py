"""Slows down password guessing with django-axes, and decides who has to wait.

Wrong passwords count for fifteen minutes (AXES_COOLOFF_TIME), in three ways:

* for one person from one network: after AXES_FAILURE_LIMIT of them that pair waits;
* for one person from all networks: after PERSON_LIMIT of them only networks from which this person
  has signed in before may continue;
* from one network for all people: after NETWORK_LIMIT of them only people who have signed in from
  this network before may continue there.

So an attacker on a person's own network can keep that person from signing in there, and an attacker
elsewhere can keep them from signing in somewhere new, for as long as the guessing continues. People
who are signed in are not affected. A network is an IPv4 address or an IPv6 network of 64 bits, the
smallest that a provider assigns to a customer. Requests without an address (see TRUSTED_PROXIES)
count as one network from which no person is known, but which is never blocked as a whole.

A person is counted by primary key, and so under every spelling that signs them in. A name that
matches no person is stored only as a digest, made from the name as the database folds it when it
looks for a person. So from a network where a person never signed in, the answers do not reveal
whether the person exists.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from sessions_admin.client import ip_address_of, printable
from sessions_admin.models import TrackedSession

from .api import ADDRESS as API_ADDRESS
from .api import RefusedError
from .models import User

PERSON_LIMIT = 50
NETWORK_LIMIT = 100
IPV6_NETWORK_BITS = 64
# Reauthentication pages, which count wrong passwords by session.
ASKS_AGAIN = {"sessions_admin:reauthenticate", "password_change"}


class Gate(AxesStandaloneBackend):  # type: ignore[misc]
    """Authentication backend that comes first and stops the others for those who have to wait."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        # A sign-in without a request comes from a command or a test, not from a stranger.
        if request is not None:
            super().authenticate(request, **credentials)


class Handler(AxesDatabaseHandler):  # type: ignore[misc]
    """Counts in the database: by person and network, by person, and by network."""

    def is_locked(self, request: HttpRequest, credentials: Any = None) -> bool:
        if _is_proving(request, credentials):
            return False
        return super().is_locked(request, credentials) or self._is_beset(request, credentials)

    def user_login_failed(
        self, sender: Any, credentials: Any, request: Any = None, **kwargs: Any
    ) -> None:
        if request is not None:
            for name in ("user_agent", "http_accept", "path_info"):
                text = printable(getattr(request, f"axes_{name}"), 255)
                setattr(request, f"axes_{name}", text)
        super().user_login_failed(sender, credentials, request, **kwargs)
        if request is not None and _is_proving(request, credentials):
            request.axes_locked_out = False

    def _is_beset(self, request: Any, credentials: Any) -> bool:
        """Whether the person or network is over its limit, and the network is not a known one."""
        name, network = name_of(request, credentials), request.axes_ip_address
        at_person = Q(username=name)
        from_network = Q(ip_address=network) if network else Q(pk__in=[])
        counted = AccessAttempt.objects.filter(
            at_person | from_network, attempt_time__gte=get_cool_off_threshold(request)
        ).aggregate(
            at_person=Sum("failures_since_start", filter=at_person, default=0),
            from_network=Sum("failures_since_start", filter=from_network, default=0),
        )
        is_beset = counted["at_person"] >= PERSON_LIMIT or counted["from_network"] >= NETWORK_LIMIT
        return is_beset and not is_known(person_named(name), network)


def name_of(request: HttpRequest, credentials: Any = None) -> str:
    """Return the name under which an attempt is counted: the same for all spellings of a name."""
    given = str((credentials or {}).get("username") or request.POST.get("username") or "")
    # Cached because Axes asks several times in one request.
    known: dict[str, str] = request.__dict__.setdefault("_names_counted", {})
    if given not in known:
        known[given] = _counted_as(given)
    return known[given]


def name_of_person(person: int) -> str:
    return f"person {person}"


def person_named(name: str) -> int:
    """Return the primary key behind a counted name; 0 if it is no person's."""
    kind, _, number = name.partition(" ")
    return int(number) if kind == "person" else 0


def network_of(request: HttpRequest) -> str | None:
    """Return the network of a request, as its first address."""
    return _network(ip_address_of(request))


def is_known(person: int, network: str | None) -> bool:
    """Whether the person has signed in from this network before.

    For person 0 the database is queried as well, so that the time it takes reveals nothing.
    """
    reason = TrackedSession.EndReason
    # Sessions ended by an admin, or by the person from another device, may have been a stranger's.
    ended = [reason.TERMINATED, reason.SIGNED_OUT_ELSEWHERE, reason.WRONG_PASSWORDS]
    signed_in = TrackedSession.objects.filter(user=person, is_masked=False)
    signed_in = signed_in.exclude(end_reason__in=ended)
    if network is None:
        return False
    if ":" not in network:
        return signed_in.filter(ip_address=network).exists()
    addresses = signed_in.filter(ip_address__contains=":").order_by().distinct()
    return any(
        _network(address) == network for address in addresses.values_list("ip_address", flat=True)
    )


def too_many_tries(
    request: HttpRequest, response: HttpResponse | None, credentials: Any
) -> HttpResponse:
    """Return the 429 response for those who have to wait: a page, or JSON for the Mobile app."""
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    if request.path.startswith(API_ADDRESS):
        text = _("Too many attempts. Try again in a few minutes.")
        return come_back_in(seconds, RefusedError(429, "too_many_tries", text).response())
    context = {"minutes": seconds // 60}
    page = render(request, "accounts/too_many_tries.html", context, status=429)
    return come_back_in(seconds, page)


def come_back_in(seconds: int, answer: HttpResponse) -> HttpResponse:
    """Add Retry-After to the response and keep it out of every cache."""
    answer.headers["Retry-After"] = str(seconds)
    add_never_cache_headers(answer)
    return answer


def _counted_as(given: str) -> str:
    # Replace what no database accepts; no person has such a name anyway.
    text = given.replace("\0", "\ufffd").encode(errors="replace").decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT LOWER(CAST(%s AS text))", [text])
        folded = cursor.fetchone()[0]
    try:
        return name_of_person(User.objects.get_by_natural_key(text).pk)
    except User.DoesNotExist:
        return f"nobody {salted_hmac('accounts.guessing', folded, algorithm='sha256').hexdigest()}"


def _network(address: str | None) -> str | None:
    if address is None or ":" not in address:
        return address
    whole = ipaddress.ip_network(f"{address}/{IPV6_NETWORK_BITS}", strict=False)
    return str(whole.network_address)


def _is_proving(request: Any, credentials: Any) -> bool:
    """Whether a signed-in person is being asked for their own password.

    There, wrong passwords are counted for the session, which ends with the fifth; guesses by
    strangers do not matter. On a sign-in page, a session gives no exemption, because it may be
    stolen.
    """
    match = getattr(request, "resolver_match", None)
    user = getattr(request, "user", AnonymousUser())
    return (
        match is not None
        and match.view_name in ASKS_AGAIN
        and user.is_authenticated
        and name_of(request, credentials) == name_of_person(user.pk or 0)
    )
