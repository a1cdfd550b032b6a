"""Look up the location of an IP address in the GeoIP2 database that ``GEOIP_PATH`` names.

``GEOIP_PATH``, ``GEOIP_CITY`` and ``GEOIP_COUNTRY`` are Django's settings, with the same meaning.
The threads of a process share one memory map. Each lookup checks whether the file has changed, so
a running server uses a new file without a restart.
A missing or broken database means an unknown location and a log line, never an error.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import geoip2.models
import geoip2.records
from django.conf import settings
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext
from geoip2.database import Reader
from geoip2.errors import AddressNotFoundError

from sessions_admin.client import countries
from sessions_admin.client.texts import printable
from sessions_admin.moments import aware

logger = logging.getLogger(__name__)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

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

# Networks change hands: MaxMind and DB-IP publish a new database at least every month.
MAX_AGE = timedelta(days=180)


@dataclass(frozen=True)
class Location:
    """A location: ISO 3166 code, English names and coordinates; empty or ``None`` when unknown.

    Coordinates are rounded to 0.1 degree, about ten kilometres: enough for distances between
    cities.
    """

    country_code: str = ""
    country: str = ""
    region: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True)
class Attribution:
    """The link that a database's licence requires on pages that show its locations."""

    text: str
    url: str


def location_of(ip_address: str | None) -> Location:
    """Return the location of an address. Reads a local file only; never raises."""
    address = _parsed(ip_address)
    if address is None or (database := _database()) is None:
        return Location()
    try:
        return database.find(address)
    except Exception as error:
        logger.warning("The GeoIP2 database %s could not be read: %s", database.path, error)
        return Location()


def is_private(ip_address: str | None) -> bool:
    """Whether the address belongs to a private network or to the machine itself."""
    address = _parsed(ip_address)
    return address is not None and any(address in network for network in PRIVATE_NETWORKS)


def attribution() -> Attribution | None:
    """Return the attribution that the current database requires; ``None`` if it requires none."""
    database = _database()
    database_type = database.type if database else ""
    if database_type.startswith("DBIP-") and "Lite" in database_type:
        return Attribution(gettext("IP Geolocation by DB-IP"), "https://db-ip.com")
    if database_type.startswith("GeoLite2-"):
        # Not translated: MaxMind's licence prescribes the words.
        return Attribution(
            "This product includes GeoLite Data created by MaxMind, "
            "available from https://www.maxmind.com",
            "https://www.maxmind.com",
        )
    return None


def problem() -> str | None:
    """Return why the file in ``GEOIP_PATH`` cannot be opened; ``None`` if it can, or is not set."""
    path = _configured()
    if path is None:
        return None
    try:
        open_database(chosen_file(path))
    except UnusableDatabaseError as error:
        return str(error)
    except OSError as error:
        # A parent folder that the process may not enter.
        return _unreadable(path, error)
    return None


def age_problem() -> str | None:
    """Return a warning if the database is older than MAX_AGE, else ``None``."""
    database = _database()
    if database is None or aware(timezone.now()) - database.built_at <= MAX_AGE:
        return None
    built = format_date(database.built_at, "j M Y")
    return f"The location data is from {built}: {database.path} has not been updated since."


def chosen_file(path: Path) -> Path:
    """Return the database file for a ``GEOIP_PATH``, which may name a file or a folder.

    As in Django, the City database of a folder comes before the Country database.
    """
    if not path.is_dir():
        return path
    city, country = files_in(path)
    return country if country.is_file() and not city.is_file() else city


def files_in(folder: Path) -> tuple[Path, Path]:
    """Return the paths of the City and the Country database in a folder."""
    return (
        folder / getattr(settings, "GEOIP_CITY", "GeoLite2-City.mmdb"),
        folder / getattr(settings, "GEOIP_COUNTRY", "GeoLite2-Country.mmdb"),
    )


# --- A database -----------------------------------------------------------------------------------


class UnusableDatabaseError(Exception):
    """Why a file is not a usable location database, as a sentence to show."""


class Database:
    """An open database file and its metadata; closed when it is garbage-collected."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = Reader(path)
        metadata = self._reader.metadata()
        self.type = metadata.database_type
        self.built_at = datetime.fromtimestamp(metadata.build_epoch, UTC)
        self._ip_version = metadata.ip_version
        # Enterprise databases are City databases with additional data.
        self.has_cities = "City" in self.type or "Enterprise" in self.type
        if not self.has_cities and "Country" not in self.type:
            raise UnusableDatabaseError(
                f"{path} is a {self.type} database: use a City or Country database."
            )

    def find(self, address: Address) -> Location:
        """Return the location of an address. Raises the reader's errors on damaged data."""
        if address.version > self._ip_version:
            return Location()
        try:
            found = self._find(address)
        except AddressNotFoundError:
            return Location()
        city = found if isinstance(found, geoip2.models.City) else None
        regions = city.subdivisions if city else ()
        return Location(
            country_code=printable(found.country.iso_code or "", 2),
            country=printable(self._country_name(found.country), 100),
            region=printable(regions[0].name or "", 100) if regions else "",
            city=printable(city.city.name or "", 100) if city else "",
            latitude=_degrees(city.location.latitude) if city else None,
            longitude=_degrees(city.location.longitude) if city else None,
        )

    def _country_name(self, country: geoip2.records.Country) -> str:
        """Return the country's English name, from the Unicode CLDR if the database has codes only.

        Codes that the CLDR does not have either ("A1", "T1") are returned as they are.
        """
        code = country.iso_code or ""
        return country.name or countries.name_in_english(code) or code

    def _find(self, address: Address) -> geoip2.models.Country:
        if "Enterprise" in self.type:
            return self._reader.enterprise(address)
        return self._reader.city(address) if self.has_cities else self._reader.country(address)


def _degrees(value: float | None) -> float | None:
    return None if value is None else round(float(value), 1)


def open_database(path: Path) -> Database:
    """Open a database and try a lookup in it. Raises UnusableDatabaseError."""
    try:
        with path.open("rb"):
            # The reader reports a file without read permission as damaged.
            database = Database(path)
        database.find(ipaddress.IPv4Address("8.8.8.8"))
    except UnusableDatabaseError:
        raise
    except OSError as error:
        raise UnusableDatabaseError(_unreadable(path, error)) from error
    except Exception as error:
        # Damaged data surfaces as errors of many types.
        raise UnusableDatabaseError(f"{path} is not a GeoIP2 database or is damaged.") from error
    return database


def _unreadable(path: Path, error: OSError) -> str:
    return f"{path} cannot be read: {error.strerror}."


# --- The database in use --------------------------------------------------------------------------


@dataclass(frozen=True)
class _FileState:
    """A file's identity in the file system. Only the path is set if there is no such file."""

    path: Path
    inode: tuple[int, int] | None = None
    changed: int = 0
    size: int = 0


@dataclass(frozen=True)
class _InUse:
    """The current database, the state of its file when opened, and the state last seen."""

    setting: Path | None = None
    seen: _FileState | None = None
    opened: _FileState | None = None
    database: Database | None = None


_in_use = _InUse()
_opening = threading.Lock()


def _database() -> Database | None:
    """Return the current database, reopened if its file has changed since the last lookup."""
    global _in_use
    setting = _configured()
    if setting is None:
        return None
    in_use = _in_use
    if (in_use.setting, in_use.seen) != (setting, _state_of(setting)):
        with _opening:
            # Check again: another thread may have opened it meanwhile.
            seen = _state_of(setting)
            if (_in_use.setting, _in_use.seen) != (setting, seen):
                _in_use = _reopened(_in_use, setting, seen)
            in_use = _in_use
    return in_use.database


def _reopened(before: _InUse, setting: Path, seen: _FileState) -> _InUse:
    """Open the database in its new state; if that is broken, keep the previous one.

    Readers are dropped, never closed: other threads may be using them.
    """
    try:
        return _InUse(setting, seen, opened=seen, database=open_database(seen.path))
    except UnusableDatabaseError as error:
        # If the file was overwritten in place, its memory map has changed too, and a read beyond
        # the new end of the file kills the process.
        is_whole = before.opened is not None and before.opened.inode != seen.inode
        if before.setting == setting and before.database and is_whole:
            logger.warning("GEOIP_PATH: %s The database from before stays in use.", error)
            return _InUse(setting, seen, opened=before.opened, database=before.database)
        logger.warning("GEOIP_PATH: %s No location can be shown.", error)
        return _InUse(setting, seen)


def _state_of(setting: Path) -> _FileState:
    path = setting
    try:
        path = chosen_file(setting)
        found = path.stat()
    except (OSError, ValueError):
        return _FileState(path)
    return _FileState(path, (found.st_dev, found.st_ino), found.st_mtime_ns, found.st_size)


def _configured() -> Path | None:
    path = getattr(settings, "GEOIP_PATH", None)
    return Path(str(path)) if path else None


def _parsed(text: str | None) -> Address | None:
    """Parse an IP address; ``None`` for any other text. Host names are never resolved."""
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
