"""Names the location of an address, from the GeoIP2 database that ``GEOIP_PATH`` names.

``GEOIP_PATH``, ``GEOIP_CITY`` and ``GEOIP_COUNTRY`` are Django's settings and mean what they mean
to it. One memory map is shared by the threads of a process, and the file is looked at again on
each lookup: one that is replaced under a running server is used from the next sign-in on.
A missing or broken database is a log line and an unknown location, never an error.
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

# Networks change hands: MaxMind and DB-IP publish a new database every month or oftener.
MAX_AGE = timedelta(days=180)


@dataclass(frozen=True)
class Location:
    """ISO 3166 code and English names, each empty when unknown; and where that is, in degrees.

    To a tenth of a degree, about ten kilometres: for distances between cities, and for no more.
    """

    country_code: str = ""
    country: str = ""
    region: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True)
class Attribution:
    """What a database's licence asks to show, as a link, where its locations are shown."""

    text: str
    url: str


def location_of(ip_address: str | None) -> Location:
    """The location of an address. Reads a local file only; never raises."""
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
    """The credit that is due to who made the database in use; ``None`` when none is."""
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
    """Why the file that ``GEOIP_PATH`` names does not open; ``None`` when it does or is none."""
    path = _configured()
    if path is None:
        return None
    try:
        open_database(chosen_file(path))
    except UnusableDatabaseError as error:
        return str(error)
    except OSError as error:
        # A folder on the way that may not be entered.
        return _unreadable(path, error)
    return None


def age_problem() -> str | None:
    """What to say of a database that is too old to be right; ``None`` of any other."""
    database = _database()
    if database is None or timezone.now() - database.built_at <= MAX_AGE:
        return None
    built = format_date(database.built_at, "j M Y")
    return f"The location data is from {built}: {database.path} has not been updated since."


def chosen_file(path: Path) -> Path:
    """The file that a ``GEOIP_PATH`` stands for: in a folder, as Django says, the first there."""
    if not path.is_dir():
        return path
    city, country = files_in(path)
    return country if country.is_file() and not city.is_file() else city


def files_in(folder: Path) -> tuple[Path, Path]:
    """Where a folder that ``GEOIP_PATH`` names has its City and its Country database."""
    return (
        folder / getattr(settings, "GEOIP_CITY", "GeoLite2-City.mmdb"),
        folder / getattr(settings, "GEOIP_COUNTRY", "GeoLite2-Country.mmdb"),
    )


# --- A database -----------------------------------------------------------------------------------


class UnusableDatabaseError(Exception):
    """Says in a sentence why a file is not a location database."""


class Database:
    """An open file, and what it says of itself. It closes when nobody holds it any more."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = Reader(path)
        metadata = self._reader.metadata()
        self.type = metadata.database_type
        self.built_at = datetime.fromtimestamp(metadata.build_epoch, UTC)
        self._ip_version = metadata.ip_version
        # Enterprise databases are City databases with more to say.
        self.has_cities = "City" in self.type or "Enterprise" in self.type
        if not self.has_cities and "Country" not in self.type:
            raise UnusableDatabaseError(
                f"{path} is a {self.type} database: use a City or Country database."
            )

    def find(self, address: Address) -> Location:
        """The location of an address. Raises whatever the reader does on damaged data."""
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
        """Its English name, which a database that gives codes alone leaves to the Unicode CLDR.

        A code that the CLDR does not name either ("A1", "T1") stands for itself.
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
    """Open a file and look an address up. Raises UnusableDatabaseError."""
    try:
        with path.open("rb"):
            # The reader would call a file that it may not open a damaged one.
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
    """What the file system says of a file. Only the path is set when there is none."""

    path: Path
    inode: tuple[int, int] | None = None
    changed: int = 0
    size: int = 0


@dataclass(frozen=True)
class _InUse:
    """The database that answers, the state it was opened in, and the state last looked at."""

    setting: Path | None = None
    seen: _FileState | None = None
    opened: _FileState | None = None
    database: Database | None = None


_in_use = _InUse()
_opening = threading.Lock()


def _database() -> Database | None:
    """The database to ask, reopened when its file is another one than the last time."""
    global _in_use
    setting = _configured()
    if setting is None:
        return None
    in_use = _in_use
    if (in_use.setting, in_use.seen) != (setting, _state_of(setting)):
        with _opening:
            # Looked at once more: another thread may have opened it meanwhile.
            seen = _state_of(setting)
            if (_in_use.setting, _in_use.seen) != (setting, seen):
                _in_use = _reopened(_in_use, setting, seen)
            in_use = _in_use
    return in_use.database


def _reopened(before: _InUse, setting: Path, seen: _FileState) -> _InUse:
    """The database of this state of the file; while that is broken, the one from before it.

    Readers are dropped, never closed: other threads may be using them.
    """
    try:
        return _InUse(setting, seen, opened=seen, database=open_database(seen.path))
    except UnusableDatabaseError as error:
        # A file that was written over, instead of replaced, has changed under its map, and to
        # read that beyond the file's new end kills the process.
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
    """The address that a text writes. Any other text is ``None``: no name is ever resolved."""
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
