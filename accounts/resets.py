"""Limits the mails that lead to a new password: by person, and by the network that asks.

A stranger who asks for somebody's mails uses up what may be asked for from anywhere. That keeps
nobody from their new password: the mails already sent have links that work, and networks from which
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
    """Whether this network may ask for one more mail, to anybody; this counts as asking."""
    network = guessing.network_of(request)
    if network is None:
        return True
    return Allowance.objects.spend(
        f"resets from {network}", limit=REQUESTS_PER_NETWORK, period=PERIOD
    )


def may_be_mailed(person: int, request: HttpRequest) -> bool:
    """Whether one more mail may go to this person; this counts as one. 0 stands for nobody."""
    is_known = guessing.is_known(person, guessing.network_of(request))
    key = f"resets of {person}" + (" where they sign in" if is_known else "")
    return Allowance.objects.spend(key, limit=MAILS_PER_PERSON, period=PERIOD)


def too_many(request: HttpRequest) -> HttpResponse:
    page = render(request, "accounts/too_many_resets.html", status=429)
    return guessing.come_back_in(int(PERIOD.total_seconds()), page)
