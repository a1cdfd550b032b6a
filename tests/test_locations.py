"""Places from a real GeoIP2 file, and no harm from a broken one."""

from __future__ import annotations

import logging

import pytest

from accounts.demo import places
from sessions_admin.locations import Location, is_private, location_of
from sessions_admin.models import TrackedSession


@pytest.fixture
def map_file(tmp_path, settings):
    path = tmp_path / "demo-City.mmdb"
    places.write_database(path)
    settings.GEOIP_PATH = str(path)
    return path


def test_place_of_an_address(map_file):
    found = location_of("192.0.2.1")
    assert found.city
    assert found.country
    assert len(found.country_code) == 2


def test_address_that_is_not_on_the_map(map_file):
    assert location_of("8.8.8.8") == Location()
    assert location_of(None) == Location()


@pytest.mark.parametrize("content", [b"", b"not a database at all", b"\x00" * 4096])
def test_corrupt_file_is_an_unknown_place_and_a_log_line(map_file, caplog, content):
    map_file.write_bytes(content)
    with caplog.at_level(logging.WARNING, "sessions_admin"):
        assert location_of("192.0.2.1") == Location()
    assert "GEOIP_PATH" in caplog.text


def test_damaged_inside_is_an_unknown_place(map_file):
    whole = map_file.read_bytes()
    middle = len(whole) // 3
    map_file.write_bytes(whole[:middle] + b"\xff" * middle + whole[2 * middle :])
    assert isinstance(location_of("192.0.2.1"), Location)


def test_missing_file_is_an_unknown_place(settings, tmp_path):
    settings.GEOIP_PATH = str(tmp_path / "none.mmdb")
    assert location_of("192.0.2.1") == Location()


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
        ({"ip_address": "8.8.8.8"}, "Unknown"),
        ({"ip_address": None}, "Unknown"),
    ],
)
def test_place_in_words(fields, text):
    assert TrackedSession(**fields).location == text
