"""Locations from real GeoIP2 files, including damaged, missing and replaced ones."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, load_command_class
from django.utils import timezone, translation

from sessions_admin.client import locations
from sessions_admin.client.locations import Location, is_private, location_of
from sessions_admin.models import TrackedSession
from tests.support import maps

KRANJ = Location("SI", "Slovenia", "Upper Carniola", "Kranj")


@pytest.fixture
def map_file(tmp_path, settings):
    path = tmp_path / "places.mmdb"
    path.write_bytes(maps.database())
    settings.GEOIP_PATH = str(path)
    return path


@pytest.fixture
def warnings(caplog):
    caplog.set_level(logging.WARNING, "sessions_admin")
    return lambda: [r.getMessage() for r in caplog.records if r.name.startswith("sessions_admin")]


@pytest.fixture
def as_nobody():
    """Drop root's power to read every file, if the tests run as root."""

    @contextlib.contextmanager
    def become():
        # Modules imported later may lie where an unprivileged user cannot read them.
        load_command_class("sessions_admin", "download_geoip")
        own = os.geteuid()
        if own == 0:
            os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(own)

    return become


# --- What is looked up ----------------------------------------------------------------------------


def test_address_on_the_map(map_file):
    assert location_of(maps.ADDRESS) == KRANJ
    assert location_of(f"::ffff:{maps.ADDRESS}") == KRANJ


def test_address_that_is_not_on_the_map(map_file, warnings):
    assert location_of("8.8.8.8") == Location()
    assert location_of("2001:db8::1") == Location()
    assert location_of(None) == Location()
    assert warnings() == []


def test_name_of_a_host_is_not_resolved(map_file):
    map_file.write_bytes(maps.database(networks=("127.0.0.0/8", "::1/128")))
    assert location_of("127.0.0.1") == KRANJ
    assert location_of("localhost") == Location()
    assert is_private("localhost") is False


def test_map_of_the_old_internet_does_not_know_the_new(map_file, warnings):
    map_file.write_bytes(maps.database(ip_version=4))
    assert location_of(maps.ADDRESS) == KRANJ
    assert location_of("2001:db8::1") == Location()
    assert warnings() == []


@pytest.mark.parametrize(
    ("database_type", "city"),
    [
        ("GeoLite2-City", "Kranj"),
        ("GeoIP2-City", "Kranj"),
        ("GeoIP2-Enterprise", "Kranj"),
        ("DBIP-City-Lite", "Kranj"),
        ("GeoLite2-Country", ""),
        ("GeoIP2-Country", ""),
        ("DBIP-Country-Lite", ""),
    ],
)
def test_databases_that_know_locations(map_file, database_type, city):
    map_file.write_bytes(maps.database(database_type))
    assert locations.problem() is None
    found = location_of(maps.ADDRESS)
    assert (found.country_code, found.country, found.city) == ("SI", "Slovenia", city)


def test_country_that_a_database_gives_by_its_code_alone_has_its_name(map_file):
    map_file.write_bytes(maps.database("Geoacumen-Country", names_country=False))
    with translation.override("sl"):
        assert location_of(maps.ADDRESS) == Location("SI", "Slovenia")


def test_database_of_something_else(map_file, warnings):
    map_file.write_bytes(maps.database("GeoLite2-ASN"))
    assert location_of(maps.ADDRESS) == Location()
    assert "GeoLite2-ASN" in locations.problem()
    assert "GeoLite2-ASN" in warnings()[0]


def test_folder_with_the_files_that_django_looks_for(tmp_path, settings):
    settings.GEOIP_PATH = tmp_path
    assert str(tmp_path) in locations.problem()
    (tmp_path / "GeoLite2-Country.mmdb").write_bytes(maps.database("GeoLite2-Country"))
    assert location_of(maps.ADDRESS).city == ""
    settings.GEOIP_CITY = "mine.mmdb"
    (tmp_path / "mine.mmdb").write_bytes(maps.database())
    assert location_of(maps.ADDRESS) == KRANJ
    assert locations.problem() is None


# --- A file that changes under a running server ---------------------------------------------------


def test_file_that_comes_late_is_used(map_file):
    content = map_file.read_bytes()
    map_file.unlink()
    assert location_of(maps.ADDRESS) == Location()
    maps.replace(map_file, content)
    assert location_of(maps.ADDRESS) == KRANJ


def test_replaced_file_is_used_at_the_next_lookup(map_file):
    assert location_of(maps.ADDRESS).city == "Kranj"
    maps.replace(map_file, maps.database(city="Bled"))
    assert location_of(maps.ADDRESS).city == "Bled"


def test_old_file_answers_while_the_new_one_is_broken_or_away(map_file, warnings):
    assert location_of(maps.ADDRESS).city == "Kranj"
    new = maps.database(city="Bled")
    maps.replace(map_file, new[:1000])
    assert [location_of(maps.ADDRESS).city for _ in range(3)] == ["Kranj"] * 3
    assert len(warnings()) == 1
    assert "GEOIP_PATH" in warnings()[0]
    assert locations.problem() is not None
    map_file.unlink()
    assert [location_of(maps.ADDRESS).city for _ in range(3)] == ["Kranj"] * 3
    assert len(warnings()) == 2
    maps.replace(map_file, new)
    assert location_of(maps.ADDRESS).city == "Bled"
    assert len(warnings()) == 2


def test_file_that_was_cut_under_its_map_is_read_no_more(map_file, warnings):
    """Reading the memory map where the file has no more bytes would kill the process."""
    map_file.write_bytes(maps.database(size=100_000))
    assert location_of(maps.ADDRESS) == KRANJ
    map_file.write_bytes(b"the beginning of a copy")
    assert location_of(maps.ADDRESS) == Location()
    assert "No location can be shown" in warnings()[0]
    map_file.write_bytes(maps.database(city="Bled"))
    assert location_of(maps.ADDRESS).city == "Bled"


def test_other_setting_does_not_inherit_the_old_map(map_file, settings, tmp_path):
    assert location_of(maps.ADDRESS) == KRANJ
    settings.GEOIP_PATH = str(tmp_path / "none.mmdb")
    assert location_of(maps.ADDRESS) == Location()
    settings.GEOIP_PATH = None
    assert location_of(maps.ADDRESS) == Location()
    assert locations.problem() is None


def test_threads_look_up_while_the_file_is_replaced(map_file, warnings):
    versions = [maps.database(city=city) for city in ("Kranj", "Bled")]
    found, is_over = set(), threading.Event()

    def look_up():
        while not is_over.is_set():
            found.add(location_of(maps.ADDRESS).city)

    threads = [threading.Thread(target=look_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for round_ in range(100):
        maps.replace(map_file, versions[round_ % 2])
    is_over.set()
    for thread in threads:
        thread.join()
    assert found == {"Kranj", "Bled"}
    assert warnings() == []
    assert location_of(maps.ADDRESS).city == "Bled"


# --- What is wrong with a file --------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"not a database at all", b"\x00" * 4096])
def test_corrupt_file_is_an_unknown_location_a_problem_and_one_line_in_the_log(
    map_file, warnings, content
):
    map_file.write_bytes(content)
    assert location_of(maps.ADDRESS) == location_of(maps.ADDRESS) == Location()
    assert len(warnings()) == 1
    assert "GEOIP_PATH" in warnings()[0]
    assert str(map_file) in locations.problem()


def test_damaged_inside_is_an_unknown_location(map_file):
    whole = map_file.read_bytes()
    middle = len(whole) // 3
    map_file.write_bytes(whole[:middle] + b"\xff" * middle + whole[2 * middle :])
    assert location_of(maps.ADDRESS) in (Location(), KRANJ)


def test_missing_file_is_an_unknown_location_and_a_problem(settings, tmp_path):
    settings.GEOIP_PATH = str(tmp_path / "none.mmdb")
    assert location_of(maps.ADDRESS) == Location()
    assert "No such file" in locations.problem()


@pytest.mark.parametrize("closed", ["file", "folder"])
def test_file_that_may_not_be_read_is_a_problem_that_says_so(as_nobody, settings, warnings, closed):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "City.mmdb"
        path.write_bytes(maps.database())
        path.chmod(0o000 if closed == "file" else 0o644)
        Path(name).chmod(0o755 if closed == "file" else 0o000)
        settings.GEOIP_PATH = str(path)
        with as_nobody():
            assert locations.problem() == f"{path} cannot be read: Permission denied."
            assert location_of(maps.ADDRESS) == Location()
            with pytest.raises(CommandError, match=r"cannot be|not a valid database"):
                call_command("download_geoip", url="http://127.0.0.1:1")
        assert len(warnings()) == 1
        Path(name).chmod(0o755)


def test_old_file_is_worth_a_warning(map_file, monkeypatch):
    assert locations.age_problem() is None
    later = timezone.now() + timedelta(days=181)
    monkeypatch.setattr(timezone, "now", lambda: later)
    today = datetime.now(UTC)
    assert f"{today.day} {today:%b %Y}" in locations.age_problem()
    assert location_of(maps.ADDRESS) == KRANJ


@pytest.mark.parametrize(
    ("database_type", "url"),
    [
        ("DBIP-City-Lite", "https://db-ip.com"),
        ("DBIP-Country-Lite", "https://db-ip.com"),
        ("GeoLite2-City", "https://www.maxmind.com"),
        ("GeoLite2-Country", "https://www.maxmind.com"),
        ("GeoIP2-City", None),
        ("DBIP-Location (compat=City)", None),
    ],
)
def test_credit_that_a_licence_asks_for(map_file, database_type, url):
    map_file.write_bytes(maps.database(database_type))
    due = locations.attribution()
    assert (due.url if due else None) == url


def test_no_credit_without_a_database(map_file):
    map_file.write_bytes(b"")
    assert locations.attribution() is None


# --- In words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("192.168.1.1", True),
        ("127.0.0.1", True),
        ("100.64.0.9", True),
        ("::1", True),
        ("fd00::1", True),
        ("fe80::1", True),
        ("::ffff:10.0.0.1", True),
        ("8.8.8.8", False),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
        (None, False),
    ],
)
def test_private_networks(address, private):
    assert is_private(address) is private


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"city": "Ljubljana", "country": "Slovenia"}, "Ljubljana, Slovenia"),
        ({"country": "Slovenia"}, "Slovenia"),
        ({"ip_address": "10.0.0.1"}, "Private network"),
        ({"ip_address": "8.8.8.8"}, "Unknown location"),
        ({"ip_address": None}, "Unknown location"),
    ],
)
def test_location_in_words(fields, text):
    assert TrackedSession(**fields).location == text
