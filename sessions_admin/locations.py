"""Names the place of an address, from the GeoIP2 database that ``GEOIP_PATH`` names.

A missing or broken database is a log line and an unknown place, never an error.
"""

from __future__ import annotations

import functools
import ipaddress
import logging
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from geoip2.errors import AddressNotFoundError

logger = logging.getLogger(__name__)

# Networks that are never routed on the internet: RFC 1918, 3927, 4193, 4291, 6598.
PRIVATE_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)


@dataclass(frozen=True)
class Location:
    """ISO 3166 code and English names; each is empty when unknown."""

    country_code: str = ""
    country: str = ""
    region: str = ""
    city: str = ""


def location_of(ip_address: str | None) -> Location:
    """The place of an address. Reads a local file only; never raises."""
    if not ip_address or (reader := _reader(_path())) is None:
        return Location()
    try:
        return _named(reader.city(ip_address) if reader.is_city else reader.country(ip_address))
    except AddressNotFoundError:
        return Location()
    except Exception as error:
        logger.warning("The GeoIP2 database could not be read: %s", error)
        return Location()


def is_private(ip_address: str | None) -> bool:
    """Whether the address belongs to a private network or to the machine itself."""
    if not ip_address:
        return False
    address = ipaddress.ip_address(ip_address)
    return any(address in network for network in PRIVATE_NETWORKS)


def problem() -> str | None:
    """Why the file that ``GEOIP_PATH`` names does not open; ``None`` when it does or is none."""
    path = _path()
    if not path:
        return None
    try:
        _open(path)
    except Exception as error:
        return str(error) or type(error).__name__
    return None


def _path() -> str:
    return str(getattr(settings, "GEOIP_PATH", None) or "")


@functools.cache
def _reader(path: str) -> Any:
    """One open database per process, or ``None``; it is tried, and complained about, once."""
    if not path:
        return None
    try:
        return _open(path)
    except Exception as error:
        logger.warning("Places are unknown: GEOIP_PATH does not open as GeoIP2: %s", error)
        return None


def _open(path: str) -> Any:
    from django.contrib.gis.geoip2 import GeoIP2

    return GeoIP2(path)


def _named(found: dict[str, Any]) -> Location:
    return Location(
        country_code=(found.get("country_code") or "")[:2],
        country=(found.get("country_name") or "")[:100],
        region=(found.get("region_name") or "")[:100],
        city=(found.get("city") or "")[:100],
    )


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "GEOIP_PATH":
        _reader.cache_clear()


setting_changed.connect(_forget, dispatch_uid="sessions_admin.locations")
