"""Read the client of a request: its address, user agent and hints, made safe to store.

An address is used when it is the connection's own or a trusted proxy reports it. Any other
forwarded header is ignored: anybody can send one.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from django.http import HttpRequest
from django.http.request import HttpHeaders

from sessions_admin import conf
from sessions_admin.client.hints import ClientHints
from sessions_admin.client.user_agent import UserAgent, user_agent_of, user_agent_text
from sessions_admin.ip_addresses import (
    Proxies,
    behind_proxies,
    canonical_ip,
    forwarded,
    parse_proxies,
    x_forwarded_for,
)

logger = logging.getLogger(__name__)

# Only the end of a forwarded header is read: the proxies nearest to the server append to it.
FORWARDED_LENGTH = 4000
# The headers that most proxies write; a site may configure another one.
FORWARDED_HEADERS = ("X-Forwarded-For", "Forwarded")
# Headers whose addresses always have a port: "2001:db8::7:443" ends in port 443.
HEADERS_WITH_PORTS = ("cloudfront-viewer-address",)


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
        HttpHeaders.to_wsgi_name(name) in request.META
        for name in (*FORWARDED_HEADERS, _trusted_header())
    )
    if is_forwarded:
        _complain_once()
    hints = ClientHints.read(request.headers)
    return Client(
        ip_address=ip_address,
        user_agent=user_agent_text(request),
        hints=hints,
        is_forwarded=is_forwarded,
        read_user_agent=partial(user_agent_of, request, hints),
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
    if len(header) > FORWARDED_LENGTH:
        # The first entry of what remains may be the rest of an address.
        header = header[-FORWARDED_LENGTH:].partition(",")[2]
    # Some servers empty the header if it has bytes that are not text. Then the client is unknown.
    header = header.strip() or "unknown"
    if name.lower() == "forwarded":
        reported = forwarded(header)
    else:
        reported = x_forwarded_for(header, has_ports=name.lower() in HEADERS_WITH_PORTS)
    try:
        key = proxies if isinstance(proxies, int | str) else tuple(proxies)
        return behind_proxies(reported, peer, _proxies(key))
    except (ValueError, TypeError):
        # The setting is wrong, which a system check reports; until then no proxy is trusted.
        return peer


def _peer_of(request: HttpRequest) -> str | None:
    return _canonical(request.META.get("REMOTE_ADDR") or "")


# Every request needs it, and the same few clients or proxies send most of them.
_canonical = functools.lru_cache(maxsize=1000)(canonical_ip)


def _trusted_header() -> str:
    # Text even if the setting is not, which a system check reports.
    return str(conf.current().forwarded_header)


# Typed, because True is no number of proxies and equals 1.
@functools.lru_cache(maxsize=10, typed=True)
def _proxies(setting: int | str | tuple[str, ...]) -> Proxies:
    """Parse the setting, cached because every request needs it."""
    return parse_proxies(setting)


@functools.cache
def _complain_once() -> None:
    logger.warning(
        "A sign-in came with a forwarded address that SESSIONS_ADMIN['TRUSTED_PROXIES'] does not "
        "trust: if a proxy stands in front of this server, every address shown is the proxy's."
    )
