"""The demo's map: networks reserved for documentation and tests, spread over real cities.

Nobody on the internet has these addresses, so the map makes no claim about anybody. It covers
TEST-NET-1 to 3 (RFC 5737), 198.18.0.0/15 (RFC 2544) and 2001:db8::/32 (RFC 3849).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

Network = IPv4Network | IPv6Network

TEST_NETS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")


@dataclass(frozen=True)
class Place:
    city: str
    region: str
    region_code: str
    country: str
    country_code: str
    continent: str
    continent_code: str
    latitude: float
    longitude: float
    time_zone: str

    def record(self) -> dict[str, Any]:
        """Return this location in the shape of a GeoIP2 City record."""
        country = {"iso_code": self.country_code, "names": {"en": self.country}}
        return {
            "city": {"names": {"en": self.city}},
            "continent": {"code": self.continent_code, "names": {"en": self.continent}},
            "country": country,
            "registered_country": country,
            "subdivisions": [{"iso_code": self.region_code, "names": {"en": self.region}}],
            "location": {
                "accuracy_radius": 20,
                "latitude": self.latitude,
                "longitude": self.longitude,
                "time_zone": self.time_zone,
            },
        }


EUROPE = ("Europe", "EU")
AFRICA = ("Africa", "AF")
ASIA = ("Asia", "AS")
NORTH_AMERICA = ("North America", "NA")
SOUTH_AMERICA = ("South America", "SA")
OCEANIA = ("Oceania", "OC")

# fmt: off
PLACES = (
    Place("Ljubljana", "Ljubljana", "061", "Slovenia", "SI", *EUROPE, 46.05, 14.51, "Europe/Ljubljana"),
    Place("Maribor", "Maribor", "070", "Slovenia", "SI", *EUROPE, 46.55, 15.65, "Europe/Ljubljana"),
    Place("Vienna", "Vienna", "9", "Austria", "AT", *EUROPE, 48.21, 16.37, "Europe/Vienna"),
    Place("Berlin", "Land Berlin", "BE", "Germany", "DE", *EUROPE, 52.52, 13.41, "Europe/Berlin"),
    Place("Zürich", "Zurich", "ZH", "Switzerland", "CH", *EUROPE, 47.37, 8.54, "Europe/Zurich"),
    Place("London", "England", "ENG", "United Kingdom", "GB", *EUROPE, 51.51, -0.13, "Europe/London"),
    Place("Paris", "Île-de-France", "IDF", "France", "FR", *EUROPE, 48.86, 2.35, "Europe/Paris"),
    Place("Madrid", "Madrid", "MD", "Spain", "ES", *EUROPE, 40.42, -3.70, "Europe/Madrid"),
    Place("Milan", "Lombardy", "25", "Italy", "IT", *EUROPE, 45.46, 9.19, "Europe/Rome"),
    Place("Athens", "Attica", "I", "Greece", "GR", *EUROPE, 37.98, 23.73, "Europe/Athens"),
    Place("Dublin", "Leinster", "L", "Ireland", "IE", *EUROPE, 53.35, -6.26, "Europe/Dublin"),
    Place("Oslo", "Oslo", "03", "Norway", "NO", *EUROPE, 59.91, 10.75, "Europe/Oslo"),
    Place("Stockholm", "Stockholm", "AB", "Sweden", "SE", *EUROPE, 59.33, 18.07, "Europe/Stockholm"),
    Place("Helsinki", "Uusimaa", "18", "Finland", "FI", *EUROPE, 60.17, 24.94, "Europe/Helsinki"),
    Place("Warsaw", "Mazovia", "14", "Poland", "PL", *EUROPE, 52.23, 21.01, "Europe/Warsaw"),
    Place("New York", "New York", "NY", "United States", "US", *NORTH_AMERICA, 40.71, -74.01, "America/New_York"),
    Place("San Francisco", "California", "CA", "United States", "US", *NORTH_AMERICA, 37.77, -122.42, "America/Los_Angeles"),
    Place("Toronto", "Ontario", "ON", "Canada", "CA", *NORTH_AMERICA, 43.65, -79.38, "America/Toronto"),
    Place("São Paulo", "São Paulo", "SP", "Brazil", "BR", *SOUTH_AMERICA, -23.55, -46.63, "America/Sao_Paulo"),
    Place("Tokyo", "Tokyo", "13", "Japan", "JP", *ASIA, 35.68, 139.69, "Asia/Tokyo"),
    Place("Bengaluru", "Karnataka", "KA", "India", "IN", *ASIA, 12.97, 77.59, "Asia/Kolkata"),
    Place("Sydney", "New South Wales", "NSW", "Australia", "AU", *OCEANIA, -33.87, 151.21, "Australia/Sydney"),
    Place("Nairobi", "Nairobi", "30", "Kenya", "KE", *AFRICA, -1.29, 36.82, "Africa/Nairobi"),
    Place("Lagos", "Lagos", "LA", "Nigeria", "NG", *AFRICA, 6.52, 3.38, "Africa/Lagos"),
)
# fmt: on

CITIES = tuple(place.city for place in PLACES)


def networks_of(city: str) -> tuple[IPv4Network, IPv4Network, IPv6Network]:
    """Return the city's networks: of a TEST-NET, the benchmarking network and IPv6."""
    number = CITIES.index(city)
    blocks = [block for net in TEST_NETS for block in IPv4Network(net).subnets(new_prefix=28)]
    return (
        blocks[number],
        IPv4Network(f"198.18.{number}.0/24"),
        IPv6Network(f"2001:db8:{number + 1:x}::/48"),
    )


def write_database(path: Path) -> None:
    """Write the map as a GeoIP2 City database, replacing an existing one."""
    writer = MMDBWriter(
        ip_version=6,
        ipv4_compatible=True,
        # Readers accept only known types; the file's name and this description say "demo". Of the
        # known types, this one has no licence that requires a credit on the page.
        database_type="GeoIP2-City",
        languages=["en"],
        description="Demo data of Sessions Admin: reserved networks on invented places",
    )
    for network, place in _networks():
        writer.insert_network(IPSet([str(network)]), place.record())
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    writer.to_db_file(str(unfinished))
    unfinished.replace(path)


def _networks() -> Iterator[tuple[Network, Place]]:
    for place in PLACES:
        for network in networks_of(place.city):
            yield network, place
