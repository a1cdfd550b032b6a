"""Limits password-reset mails: by person, and by requesting network.

A stranger who requests mails for a person uses up the allowance for unknown networks. The person
can still set a new password: the links in mails already sent keep working, and networks from which
the person has signed in before have an allowance of their own.
"""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from . import guessing
from .models import Allowance

PERIOD = timedelta(hours=1)
MAILS_PER_PERSON = 3
REQUESTS_PER_NETWORK = 30


def may_ask(request: HttpRequest) -> bool:
    """Whether this network may request one more mail, to anybody; counts as a request."""
    network = guessing.network_of(request)
    if network is None:
        return True
    return Allowance.objects.spend(
        f"resets from {network}", limit=REQUESTS_PER_NETWORK, period=PERIOD
    )


def may_be_mailed(person: int, request: HttpRequest) -> bool:
    """Whether one more mail may go to this person; counts as one. 0 means an unknown person."""
    is_known = guessing.is_known(person, guessing.network_of(request))
    key = f"resets of {person}" + (" where they sign in" if is_known else "")
    return Allowance.objects.spend(key, limit=MAILS_PER_PERSON, period=PERIOD)


def too_many(request: HttpRequest) -> HttpResponse:
    page = render(request, "accounts/too_many_resets.html", status=429)
    return guessing.come_back_in(int(PERIOD.total_seconds()), page)
