"""Real location databases, as small as a test needs."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

# Reserved for documentation (RFC 5737), so nobody has it.
ADDRESS = "192.0.2.1"


def record(city: str, *, names_country: bool = True) -> dict[str, Any]:
    country_names = {"names": {"en": "Slovenia", "de": "Slowenien"}} if names_country else {}
    return {
        "city": {"names": {"en": city, "de": f"{city} auf Deutsch"}},
        "country": {"iso_code": "SI", **country_names},
        "subdivisions": [{"names": {"en": "Upper Carniola"}}, {"names": {"en": "A part of it"}}],
    }


def database(
    database_type: str = "DBIP-City-Lite",
    *,
    city: str = "Kranj",
    networks: tuple[str, ...] = ("192.0.2.0/24",),
    ip_version: int = 6,
    size: int = 0,
    names_country: bool = True,
) -> bytes:
    """Return a database that places these networks in the city, of at least this size."""
    writer = MMDBWriter(
        ip_version=ip_version,
        ipv4_compatible=ip_version == 6,
        database_type=database_type,
        languages=["en"],
    )
    writer.insert_network(IPSet(networks), record(city, names_country=names_country))
    if size:
        filler = random.Random(0).randbytes(size // 2).hex()
        writer.insert_network(IPSet(["198.51.100.0/24"]), {"postal": {"code": filler}})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map"
        writer.to_db_file(str(path))
        return path.read_bytes()


def replace(path: Path, content: bytes) -> None:
    """Replace a file with another one, as a job that updates a database should."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)
