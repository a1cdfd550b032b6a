"""What a request says of the machine it comes from, made safe to store.

An address is believed when a connection proves it or a trusted proxy reports it. A forwarded
header that nobody vouches for is not an address: anybody can write one.
"""

from __future__ import annotations

import functools
import ipaddress
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from django.http import HttpRequest
from django.http.request import HttpHeaders
from forwarded import client_from_forwarded, client_from_x_forwarded

from sessions_admin import conf
from sessions_admin.client.hints import ClientHints
from sessions_admin.client.user_agent import UserAgent, user_agent_of, user_agent_text

logger = logging.getLogger(__name__)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Of a forwarded header the end is read, where the proxies nearest to the server wrote.
FORWARDED_LENGTH = 4000
# The headers that proxies in general write; others are theirs who configure them.
FORWARDED_HEADERS = ("X-Forwarded-For", "Forwarded")
# In these each address has a port, so that "2001:db8::7:443" is no address by itself.
HEADERS_WITH_PORTS = ("cloudfront-viewer-address",)

BRACKETED = re.compile(r"\[(.*)\](?::\d{0,5})?")
WITH_PORT = re.compile(r"(.*):\d{0,5}")


@dataclass(frozen=True)
class Client:
    """Who is speaking.

    ``ip_address`` is ``None`` where it cannot be told; ``user_agent`` is without control
    characters. ``is_forwarded`` says that a forwarded header came along that no setting trusts,
    so that the address may be a proxy's.
    """

    ip_address: str | None
    user_agent: str
    hints: ClientHints
    is_forwarded: bool = False
    # Read when it is asked for, and once for all who ask the request.
    read_user_agent: Callable[[], UserAgent] | None = field(default=None, compare=False, repr=False)


def client_of(request: HttpRequest) -> Client:
    ip_address = ip_address_of(request)
    is_forwarded = ip_address == _peer_of(request) and any(
        name in request.headers for name in (*FORWARDED_HEADERS, _trusted_header())
    )
    if is_forwarded:
        _complain_once()
    return Client(
        ip_address=ip_address,
        user_agent=user_agent_text(request),
        hints=ClientHints.read(request.headers),
        is_forwarded=is_forwarded,
        read_user_agent=partial(user_agent_of, request),
    )


def ip_address_of(request: HttpRequest) -> str | None:
    """The address of the client, past the proxies that ``TRUSTED_PROXIES`` vouches for.

    Read from the right: what stands left of the first address that is no trusted proxy was
    written by a stranger. ``None`` where the last trusted proxy names nobody.
    """
    proxies = conf.current().trusted_proxies
    peer, name = _peer_of(request), _trusted_header()
    # Every request comes here; making ``headers`` of META takes its time.
    header = request.META.get(HttpHeaders.to_wsgi_name(name)) if proxies else None
    if header is None:
        return peer
    # Empty, it names nobody: so do some servers leave it when a stranger's bytes in it are no text.
    nearest = header[-FORWARDED_LENGTH:].strip() or "unknown"
    is_standard = name.lower() == "forwarded"
    read = client_from_forwarded if is_standard else client_from_x_forwarded
    if not is_standard:
        nearest = _plain(nearest, has_ports=name.lower() in HEADERS_WITH_PORTS)
    try:
        if isinstance(proxies, int):
            client = read(nearest, peer, hops=proxies)
        else:
            client = read(nearest, peer, trusted=_networks(tuple(proxies)))
    except (ValueError, TypeError):
        # The setting is wrong, and a check says so; nobody is trusted until it is right.
        return peer
    return canonical_ip(str(client.node.ip)) if client and client.node.ip else None


def _peer_of(request: HttpRequest) -> str | None:
    return canonical_ip(request.META.get("REMOTE_ADDR") or "")


def _trusted_header() -> str:
    # Text even where the setting is wrong, which a check says.
    return str(conf.current().forwarded_header)


@functools.cache
def _networks(proxies: tuple[str, ...]) -> tuple[Network, ...]:
    """The setting's networks, read once: an address is asked for on every request.

    Raises ValueError or TypeError, as ``read`` does, for what had better not be trusted.
    """
    client_from_x_forwarded(None, None, trusted=proxies)
    return tuple(ipaddress.ip_network(proxy, strict=False) for proxy in proxies)


def _plain(entries: str, *, has_ports: bool) -> str:
    """The entries of a header, addresses among them in the one spelling that its reader knows."""
    return ", ".join(
        canonical_ip(entry, has_port=has_ports) or entry.strip() for entry in entries.split(",")
    )


def canonical_ip(raw: str, *, has_port: bool = False) -> str | None:
    """The address that a server or a proxy writes, in one spelling; ``None`` if it is none.

    Quotation marks, brackets, a port and a zone (``%eth0``) go; IPv4-mapped IPv6 becomes IPv4.
    Where an IPv6 address without brackets might end in a port, ``has_port`` says that it does.
    """
    text = raw.strip(" \t\"'")
    if bracketed := BRACKETED.fullmatch(text):
        return _canonical(bracketed[1])
    ported = WITH_PORT.fullmatch(text)
    without_port = _canonical(ported[1]) if ported else None
    return without_port if without_port and has_port else _canonical(text) or without_port


def _canonical(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


@functools.cache
def _complain_once() -> None:
    logger.warning(
        "A sign-in came with a forwarded address that SESSIONS_ADMIN['TRUSTED_PROXIES'] does not "
        "trust: if a proxy stands in front of this server, every address shown is the proxy's."
    )
