"""Client hints: details that Chromium browsers send beside their user agent, on request.

Their user agent is frozen: every Windows is 10, every phone is "Android 10; K". The hints carry
the real values (https://wicg.github.io/ua-client-hints/). They are structured fields (RFC 9651),
sent over HTTPS only, and as unverified as a user agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import http_sf

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
    members = _parsed(sent, "list") or []
    brands = [
        Brand(name.strip(), str(parameters.get("v", "")))
        for name, parameters in members
        if isinstance(name, str)
    ]
    return [brand for brand in brands if brand.name and not _is_grease(brand.name)]


def _is_grease(name: str) -> bool:
    """Whether this is the made-up brand in every list: "Not/A)Brand", " Not A;Brand"..."""
    return "".join(c for c in name.lower() if c.isalpha()) == "notabrand"


def _list(sent: str) -> str:
    return sent if _parsed(sent, "list") else ""


def _text(sent: str) -> str:
    item = _parsed(sent, "item")
    return item[0].strip() if item and isinstance(item[0], str) else ""


def _parsed(sent: str, kind: str) -> Any:
    """Parse a structured field; ``None`` where it is absent, too long or malformed."""
    if not sent or len(sent) > HEADER_LENGTH:
        return None
    try:
        return http_sf.parse(sent.encode("ascii"), tltype=kind)
    except ValueError:
        return None
