"""IP addresses: their canonical form, and the client's address behind trusted proxies.

Proxies append to X-Forwarded-For or to Forwarded (RFC 7239), so both are read from the right: what
a client wrote itself is to the left of what the proxies wrote, and is never reached.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# How many proxies there are, or in which networks they are.
Proxies = int | tuple[Network, ...]

BRACKETED = re.compile(r"\[(.*)\](?::\d{0,5})?")
WITH_PORT = re.compile(r"(.*):\d{0,5}")

# A parameter in an element of Forwarded, which may be missing, and the separator that follows it:
# `for="[2001:db8::7]";`.
PARAMETER = re.compile(
    r"""[ \t]*(?:(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)=
        (?:"(?P<quoted>(?:[^"\\]|\\.)*+)"|(?P<plain>[^\s";]*+)))?[ \t]*(?:;|\Z)""",
    re.VERBOSE,
)
ESCAPED = re.compile(r"\\(.)")


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


def network_of(address: str, bits: Mapping[int, int]) -> str:
    """Return the network around an address, as in "203.0.113.0/24"; ``bits`` are by IP version."""
    version = ipaddress.ip_address(address).version
    return str(ipaddress.ip_network(f"{address}/{bits[version]}", strict=False))


def parse_proxies(setting: object) -> Proxies:
    """Parse ``TRUSTED_PROXIES``. Raises ValueError or TypeError for what is not to be trusted."""
    if isinstance(setting, bool | str | bytes):
        raise TypeError("it is neither a number nor a list")
    if isinstance(setting, int):
        if setting < 0:
            raise ValueError("it is negative")
        return setting
    if not isinstance(setting, Iterable):
        raise TypeError("it is neither a number nor a list")
    return tuple(ipaddress.ip_network(str(network), strict=False) for network in setting)


def behind_proxies(
    reported: Iterable[str | None], peer: str | None, proxies: Proxies
) -> str | None:
    """Return the address of the first that is not a trusted proxy, starting from the ``peer``.

    ``reported`` is what the proxies wrote, from the right, in canonical form; ``None`` is an entry
    without an address. If all are trusted, the last is the client. Returns ``None`` if the client's
    own entry has no address or, with a number of proxies, is missing.
    """
    if isinstance(proxies, int):
        chain = iter((peer, *_first(reported, proxies)))
        return next(
            (address for position, address in enumerate(chain) if position == proxies), None
        )
    client = peer
    for address in reported:
        if client is None or not _is_in(client, proxies):
            break
        client = address
    return client


def x_forwarded_for(header: str, *, has_ports: bool = False) -> Iterator[str | None]:
    """Yield the addresses in a list of addresses, from the right."""
    return (canonical_ip(entry, has_port=has_ports) for entry in reversed(header.split(",")))


def forwarded(header: str) -> Iterator[str | None]:
    """Yield the address of each ``for`` in a Forwarded header (RFC 7239), from the right."""
    return (_for(element) for element in _elements(header) if element.strip())


def _first(reported: Iterable[str | None], number: int) -> Iterator[str | None]:
    return (address for address, _ in zip(reported, range(number), strict=False))


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in networks)


def _elements(header: str) -> Iterator[str]:
    """Yield the elements from the right, so that no quotation mark further left hides one."""
    end, is_quoted = len(header), False
    for at in range(len(header) - 1, -1, -1):
        if header[at] == '"' and not (is_quoted and header[at - 1 : at] == "\\"):
            is_quoted = not is_quoted
        elif header[at] == "," and not is_quoted:
            yield header[at + 1 : end]
            end = at
    yield header[:end]


def _for(element: str) -> str | None:
    """Return the address of the one ``for`` in an element, or ``None`` if it is malformed."""
    found, at = [], 0
    while at < len(element):
        parameter = PARAMETER.match(element, at)
        if parameter is None:
            return None
        if (parameter["name"] or "").lower() == "for":
            quoted = parameter["quoted"]
            found.append(parameter["plain"] if quoted is None else ESCAPED.sub(r"\1", quoted))
        at = parameter.end()
    return canonical_ip(found[0]) if len(found) == 1 else None


def _canonical(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
