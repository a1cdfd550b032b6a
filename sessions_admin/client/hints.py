"""Client hints: details that Chromium browsers send beside their user agent, on request.

Their user agent is frozen: every Windows is 10, every phone is "Android 10; K". The hints carry
the real values (https://wicg.github.io/ua-client-hints/). They are structured fields (RFC 9651),
sent over HTTPS only, and as unverified as a user agent. The hints are strings and lists of strings,
so of the types of structured fields only these are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

# The value of the Accept-CH header that requests the hints.
ACCEPT_CH = (
    "Sec-CH-UA-Full-Version-List, Sec-CH-UA-Platform, Sec-CH-UA-Platform-Version, "
    "Sec-CH-UA-Model, Sec-CH-UA-Mobile"
)
# Browsers send about a third of this; longer values are ignored.
HEADER_LENGTH = 500
# General brands, from the most to the least specific. A browser's own brand comes before them.
GENERAL_BRANDS = (
    "Google Chrome",
    "Yowser",
    "Microsoft Edge WebView2",
    "Android WebView",
    "Chromium",
)

# Of RFC 9651: a string; a parameter; a string in a list, with its parameters and what follows.
STRING = r'"(?:[ !#-\[\]-~]|\\["\\])*+"'
PARAMETER = rf"; *[a-z*][a-z0-9_.*-]*+(?:=(?:{STRING}|[A-Za-z0-9*?.:/+-]++))?"
MEMBER = re.compile(rf"[ \t]*({STRING})((?:{PARAMETER})*+)[ \t]*(?:,(?=.)|\Z)")
VERSION = re.compile(rf"; *v=({STRING})")


@dataclass(frozen=True)
class ClientHints:
    """The client hints of a request; empty where missing or malformed.

    The two lists are as sent; ``mobile`` is ``"?1"`` or ``"?0"``; the others are plain text.
    """

    full_version_list: str = ""
    brands: str = ""
    platform: str = ""
    platform_version: str = ""
    model: str = ""
    mobile: str = ""

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> ClientHints:
        """Read the hints from the headers of a request. Never raises."""
        mobile = headers.get("Sec-CH-UA-Mobile", "")
        return cls(
            full_version_list=_list(headers.get("Sec-CH-UA-Full-Version-List", "")),
            brands=_list(headers.get("Sec-CH-UA", "")),
            platform=_text(headers.get("Sec-CH-UA-Platform", "")),
            platform_version=_text(headers.get("Sec-CH-UA-Platform-Version", "")),
            model=_text(headers.get("Sec-CH-UA-Model", "")),
            mobile=mobile if mobile in ("?0", "?1") else "",
        )


class Brand(NamedTuple):
    name: str
    version: str


def brand_of(hints: ClientHints) -> Brand | None:
    """Return the browser's most specific brand (Brave rather than Chromium), or ``None``.

    The version is the full one where the browser sends it.
    """
    for sent in (hints.full_version_list, hints.brands):
        if brands := _brands(sent):
            return min(brands, key=_generality)
    return None


def _generality(brand: Brand) -> int:
    return GENERAL_BRANDS.index(brand.name) + 1 if brand.name in GENERAL_BRANDS else 0


def _brands(sent: str) -> list[Brand]:
    brands = [
        Brand(name.strip(), _unquoted(versions[-1]) if versions else "")
        for name, parameters in _members(sent)
        for versions in [VERSION.findall(parameters)]
    ]
    return [brand for brand in brands if brand.name and not _is_grease(brand.name)]


def _is_grease(name: str) -> bool:
    """Whether this is the made-up brand in every list: "Not/A)Brand", " Not A;Brand"..."""
    return "".join(c for c in name.lower() if c.isalpha()) == "notabrand"


def _list(sent: str) -> str:
    return sent if _members(sent) else ""


def _text(sent: str) -> str:
    members = _members(sent)
    return members[0][0].strip() if len(members) == 1 else ""


def _members(sent: str) -> list[tuple[str, str]]:
    """Parse a list of strings with their parameters; empty where malformed or too long."""
    members, at = [], 0
    while at < len(sent) <= HEADER_LENGTH:
        member = MEMBER.match(sent, at)
        if member is None:
            return []
        members.append((_unquoted(member[1]), member[2]))
        at = member.end()
    return members


def _unquoted(string: str) -> str:
    return re.sub(r"\\(.)", r"\1", string[1:-1])
