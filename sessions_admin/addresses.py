"""Addresses of the list with other filters than the ones it has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from sessions_admin.choices import OFFERED, Choice
from sessions_admin.forms import TYPED


def filtered(request: HttpRequest, changed: dict[str, str], *, without: Iterable[str] = ()) -> str:
    """The list with these filters changed and those left out, from its first page on."""
    query = request.GET.copy()
    for name in ("after", "before", *without, *changed):
        query.pop(name, None)
    query.update(changed)
    address = reverse("sessions_admin:list")
    return f"{address}?{query.urlencode()}" if query else address


def offered(request: HttpRequest, name: str, found: list[Choice]) -> dict[str, Any]:
    """The choices with the address of the list that each leads to, as the template wants them."""
    key = TYPED[name]
    return {
        "choices": [
            {"choice": choice, "url": filtered(request, {key: choice.value}, without=[name])}
            for choice in found[:OFFERED]
        ],
        "has_more": len(found) > OFFERED,
    }
