"""Read the client of a request: its address, user agent and hints, made safe to store.

An address is used when it is the connection's own or a trusted proxy reports it. Any other
forwarded header is ignored: anybody can send one.
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

# Only the end of a forwarded header is read: the proxies nearest to the server append to it.
FORWARDED_LENGTH = 4000
# The headers that most proxies write; a site may configure another one.
FORWARDED_HEADERS = ("X-Forwarded-For", "Forwarded")
# Headers whose addresses always have a port: "2001:db8::7:443" ends in port 443.
HEADERS_WITH_PORTS = ("cloudfront-viewer-address",)

BRACKETED = re.compile(r"\[(.*)\](?::\d{0,5})?")
WITH_PORT = re.compile(r"(.*):\d{0,5}")


@dataclass(frozen=True)
class Client:
    """The client of a request.

    ``ip_address`` is ``None`` if unknown; ``user_agent`` has no control characters.
    ``is_forwarded`` means that the request has a forwarded header that no setting trusts, so the
    address may be a proxy's.
    """

    ip_address: str | None
    user_agent: str
    hints: ClientHints
    is_forwarded: bool = False
    # Parses the user agent when called; the request caches the result.
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
    """Return the address of the client, behind the proxies in ``TRUSTED_PROXIES``.

    The header is read from the right: the first address that is not a trusted proxy is the
    client, and anything left of it may be forged. ``None`` if the last trusted proxy reports no
    address.
    """
    proxies = conf.current().trusted_proxies
    peer, name = _peer_of(request), _trusted_header()
    # Read from META, since this runs on every request and building ``headers`` is slow.
    header = request.META.get(HttpHeaders.to_wsgi_name(name)) if proxies else None
    if header is None:
        return peer
    # Some servers empty the header if it has bytes that are not text. Then the client is unknown.
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
        # The setting is wrong, which a system check reports; until then no proxy is trusted.
        return peer
    return canonical_ip(str(client.node.ip)) if client and client.node.ip else None


def _peer_of(request: HttpRequest) -> str | None:
    return canonical_ip(request.META.get("REMOTE_ADDR") or "")


def _trusted_header() -> str:
    # Text even if the setting is not, which a system check reports.
    return str(conf.current().forwarded_header)


@functools.cache
def _networks(proxies: tuple[str, ...]) -> tuple[Network, ...]:
    """Parse the trusted networks, cached because every request needs them.

    Raises ValueError or TypeError, like ``read``, for proxies that should not be trusted.
    """
    client_from_x_forwarded(None, None, trusted=proxies)
    return tuple(ipaddress.ip_network(proxy, strict=False) for proxy in proxies)


def _plain(entries: str, *, has_ports: bool) -> str:
    """Return the entries of a header with their addresses in canonical form."""
    return ", ".join(
        canonical_ip(entry, has_port=has_ports) or entry.strip() for entry in entries.split(",")
    )


def canonical_ip(raw: str, *, has_port: bool = False) -> str | None:
    """Return an address in canonical form, or ``None`` for any other text.

    Quotation marks, brackets, a port and a zone (``%eth0``) are removed; IPv4-mapped IPv6 becomes
    IPv4. ``has_port`` means that an IPv6 address without brackets ends in a port.
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
