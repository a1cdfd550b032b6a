"""The addresses and networks among the words of a search, in any spelling that people paste.

Logs fill up the parts of addresses with zeros: "203.0.113.007" is 203.0.113.7, never an octal
number. Headers of requests are not read so (see ``ip_addresses``).
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Any

from django.db.models import BooleanField, Func, Q, Value

from sessions_admin import search_text
from sessions_admin.ip_addresses import Network, canonical_ip
from sessions_admin.search_conditions import BesideAccount, HasAddress
from sessions_admin.search_text import BETWEEN

PART = re.compile(r"[0-9]+\.[0-9.]*|[0-9a-fA-F]*:[0-9a-fA-F:]*")
WHOLE_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w)")
# The zeros that fill up a part, which keeps its last digit.
FILL = re.compile(r"(?<![\w])0+(?=[0-9a-fA-F])")
# Where the IPv4 address stands in one that is mapped to IPv6.
MAPPED_BITS = 96


class InNetwork(Func):
    """Whether an address, or the text of one, is in a network."""

    function = "sessions_admin_in_network"
    arity = 2
    output_field = BooleanField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        (address, params), (network, more) = map(compiler.compile, self.source_expressions)
        return f"(NULLIF({address}::text, '')::inet <<= {network}::inet)", [*params, *more]


def address_in(word: str) -> str | None:
    """Return the address that this word is, in canonical form."""
    return canonical_ip(_unfilled(word))


def network_in(word: str) -> Network | None:
    """Return the network that this word is, as in "203.0.113.0/24"."""
    address, _slash, size = _unfilled(word).strip("[]").partition("/")
    if not size:
        return None
    address = address.rstrip("]").partition("%")[0]
    try:
        network = ipaddress.ip_network(f"{address}/{size}", strict=False)
    except ValueError:
        return None
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped and network.prefixlen >= MAPPED_BITS:
        return ipaddress.ip_network(f"{mapped}/{network.prefixlen - MAPPED_BITS}")
    return network


def is_address_or_network(word: str) -> bool:
    return bool(address_in(word) or network_in(word))


def in_ascii(word: str) -> str:
    """Return an address in the wide characters of East Asian keyboards in ASCII; others as is."""
    narrow = unicodedata.normalize("NFKC", word).replace("。", ".")
    return narrow if is_address_or_network(narrow) else word


def network_of_beginning(word: str) -> Network | None:
    """Return the network of a beginning that no text has: "203.000.113." or "2001:db8:0:".

    Its parts are filled up with zeros, or one is a group of zeros, which "::" may stand for.
    """
    separator, width, bits = (":", 4, 16) if ":" in word else (".", 3, 8)
    parts = word.removesuffix(separator).split(separator)
    if not PART.fullmatch(word) or len(parts) < 2 or not all(parts) or not parts[0].strip("0."):
        return None
    is_complete = word.endswith(separator) or len(parts[-1]) == width or parts[-1] == "0"
    is_filled = any(len(part) == width and part[0] == "0" for part in parts)
    has_zeros = separator == ":" and any(not part.strip("0") for part in parts)
    if not is_complete or not (is_filled or has_zeros):
        return None
    missing = (8 if separator == ":" else 4) - len(parts)
    whole = separator.join([*parts, *["0"] * missing])
    return network_in(f"{whole}/{bits * len(parts)}")


def is_in(network: Network) -> Q:
    """The condition on a row that speaks, or spoke at its sign-in, from this network."""
    value = Value(str(network))
    found = Q(InNetwork("ip_address", value)) | Q(InNetwork(search_text.address_now(), value))
    letters = _letters(network)
    # Sooner checked than an address is read.
    return Q(HasAddress(letters)) & found if letters else found


def begins_like(network: Network) -> tuple[tuple[HasAddress, ...], tuple[HasAddress, ...]]:
    """The condition on a row with an address that begins like those of this network, for indexes.

    That for the index of open rows, and that for the one of ended rows; none for a few very large
    networks.
    """
    if letters := _letters(network):
        return (HasAddress(letters),), (HasAddress(letters, text=BesideAccount()),)
    return (), ()


def _letters(network: Network) -> str:
    """What the addresses of this network begin with, in letters."""
    letters = search_text.in_letters(network.network_address.packed)[: network.prefixlen // 4]
    end = BETWEEN if network.prefixlen == network.max_prefixlen else ""
    return f"{letters}{end}" if letters else ""


def _unfilled(word: str) -> str:
    """Return the word with its IPv4 addresses as they are listed."""
    return WHOLE_IPV4.sub(lambda found: FILL.sub("", found[0]), word)
