"""What a request says of the machine it comes from, made safe to store.

Only the connection's own address counts: a header that anybody can write is not an address.
"""

from __future__ import annotations

import ipaddress
import unicodedata
from dataclasses import dataclass

from django.http import HttpRequest

USER_AGENT_LENGTH = 1000


@dataclass(frozen=True)
class Client:
    """The address (``None`` when it is not one) and the user agent (without control characters)."""

    ip_address: str | None
    user_agent: str


def client_of(request: HttpRequest) -> Client:
    return Client(
        ip_address=canonical_ip(request.META.get("REMOTE_ADDR", "")),
        user_agent=printable(request.META.get("HTTP_USER_AGENT", ""), USER_AGENT_LENGTH),
    )


def canonical_ip(raw: str) -> str | None:
    """One spelling for each address: IPv4-mapped IPv6 becomes IPv4, a zone goes (``%eth0``)."""
    try:
        address = ipaddress.ip_address(raw.strip().partition("%")[0])
    except (ValueError, AttributeError):
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def printable(raw: str, length: int) -> str:
    """``raw`` cut to ``length`` characters, without control characters (PostgreSQL refuses NUL)."""
    cut = str(raw)[:length]
    return "".join(c for c in cut if unicodedata.category(c) not in {"Cc", "Cs"}).strip()
