"""Codes in location databases that belong to no country: displayed, searched and filtered."""

from __future__ import annotations

import pytest

from sessions_admin.client import countries, location_of
from sessions_admin.models import TrackedSession
from tests.support import maps
from tests.support.browsing import LIST, Browser, listed
from tests.support.factories import MembershipFactory


@pytest.fixture
def admin(db):
    return Browser().sign_in(MembershipFactory(role="admin").user)


def place_it(code, country=""):
    TrackedSession.objects.update(country_code=code, country=country, ip_address="203.0.113.7")
    return str(TrackedSession.objects.get().public_id)


@pytest.mark.parametrize(
    ("code", "stored", "shown"),
    [
        ("T1", "T1", "T1"),
        ("T1", "Tor", "Tor"),
        ("A1", "Anonymous Proxy", "Anonymous Proxy"),
        ("AP", "Asia/Pacific Region", "Asia/Pacific Region"),
        ("XX", "XX", "XX"),
        ("XK", "Kosovo", "Kosovo"),
        ("EU", "Europe", "Europe"),
        ("SI", "Slovenia", "Slovenia"),
    ],
)
def test_the_rows_own_link_finds_the_row(admin, code, stored, shown):
    row = place_it(code, stored)
    page = admin.get(LIST).content.decode()
    assert f"country={code}" in page
    assert shown in page
    assert listed(admin, f"?country={code}") == [row]
    filtered = admin.get(f"{LIST}?country={code}").content.decode()
    assert "That country doesn" not in filtered
    assert listed(admin, f"?q={shown}") == [row]


@pytest.mark.parametrize("code", ["T1", "QQ", "A2", "nowhere", "%00", "%ED%A0%80", "t1"])
def test_a_code_that_nobody_is_in_is_none(admin, code):
    place_it("SI", "Slovenia")
    answer = admin.get(f"{LIST}?country={code}")
    assert answer.status_code == 200
    assert listed(admin, f"?country={code}") == []
    assert "That country doesn" in answer.content.decode()


def test_somebody_elses_country_is_none(admin):
    place_it("T1", "Tor")
    stranger = Browser().sign_in(MembershipFactory(role="admin").user)
    assert "That country doesn" in stranger.get(f"{LIST}?country=T1").content.decode()


def test_a_code_that_nothing_names_stands_for_itself(settings, tmp_path, monkeypatch):
    record = {"country": {"iso_code": "T1"}, "city": {}, "subdivisions": []}
    monkeypatch.setattr(maps, "record", lambda city, **options: record)
    settings.GEOIP_PATH = tmp_path / "map.mmdb"
    settings.GEOIP_PATH.write_bytes(maps.database())
    found = location_of(maps.ADDRESS)
    assert (found.country_code, found.country) == ("T1", "T1")


def test_no_flag_for_what_is_no_country():
    assert [countries.flag(code) for code in ("T1", "XX", "A1", "AP", "", "é1")] == [""] * 6
