"""Downloads from DB-IP and MaxMind: the URLs requested and the file written."""

from __future__ import annotations

import gzip
import io
import os
import re
import tarfile
from datetime import UTC, date, datetime

import pytest

from sessions_admin.client import geoip_download
from sessions_admin.client.locations import location_of
from tests.client.download_geoip.hosts import CITY, PACKED, names_beside, offer_maxmind, tar
from tests.support import maps

pytestmark = pytest.mark.once


def test_running_server_uses_the_new_database_at_its_next_lookup(host, target, download):
    host.answer(r"/free/dbip-city-lite-\d{4}-\d{2}\.mmdb\.gz", PACKED)
    assert location_of(maps.ADDRESS).city == "Bled"
    out, err = download()
    assert location_of(maps.ADDRESS).city == "Kranj"
    assert target.read_bytes() == CITY
    assert re.fullmatch(rf"DBIP-City-Lite of \d+ \w+ \d{{4}}, 0\.0 MB, at {target}\n", out)
    assert err == "100 % of 0.0 MB\n"
    assert names_beside(target) == [target.name]


def test_month_before_is_taken_while_the_new_one_is_not_out(host, target, download):
    this_month, last_month = geoip_download.dbip("city", datetime.now(UTC).date(), "").urls
    host.answer(re.escape(last_month), PACKED)
    download()
    assert [path for path, _ in host.asked] == [this_month, last_month]
    assert target.read_bytes() == CITY


@pytest.mark.parametrize(
    ("today", "months"),
    [((2026, 11, 30), ("2026-11", "2026-10")), ((2027, 1, 1), ("2027-01", "2026-12"))],
)
def test_months_that_dbip_is_asked_for(today, months):
    urls = geoip_download.dbip("country", date(*today)).urls
    assert urls == tuple(
        f"https://download.db-ip.com/free/dbip-country-lite-{month}.mmdb.gz" for month in months
    )


def test_first_database_makes_its_folder_and_is_readable(host, tmp_path, download, settings):
    settings.GEOIP_PATH = None
    host.answer("/free/.*", PACKED)
    path = tmp_path / "new" / "City.mmdb"
    umask = os.umask(0o022)
    try:
        download("--to", str(path))
    finally:
        os.umask(umask)
    assert path.read_bytes() == CITY
    assert path.stat().st_mode & 0o777 == 0o644


def test_edition_in_a_folder_has_a_file_of_its_own(host, target, download, settings):
    settings.GEOIP_PATH, settings.GEOIP_CITY = target.parent, target.name
    before = target.read_bytes()
    country = maps.database("DBIP-Country-Lite")
    host.answer("/free/dbip-country-lite-.*", gzip.compress(country))
    download(edition="country")
    assert (target.parent / "GeoLite2-Country.mmdb").read_bytes() == country
    assert target.read_bytes() == before


def test_link_stays_a_link(host, target, tmp_path, download):
    host.answer("/free/.*", PACKED)
    link = tmp_path / "link.mmdb"
    link.symlink_to(target)
    download("--to", str(link))
    assert link.is_symlink()
    assert target.read_bytes() == CITY


def test_maxmind_is_asked_by_those_who_have_an_account(host, target, download, account):
    offer_maxmind(host, tar(("GeoLite2-City_20261103/COPYRIGHT.txt", b"(c)"), ("x/y.mmdb", CITY)))
    download()
    assert target.read_bytes() == CITY
    assert {headers["Authorization"] for _, headers in host.asked} == {account}


def test_account_is_not_disclosed_to_the_host_that_keeps_the_file(
    host, start_host, target, download, account
):
    storage = start_host()
    packed = tar(("GeoLite2-City.mmdb", CITY))
    storage.answer("/kept", packed)
    offer_maxmind(host, packed, status=302, Location=f"http://localhost:{storage.port}/kept")
    download()
    assert target.read_bytes() == CITY
    assert all(headers["Authorization"] == account for _, headers in host.asked)
    [(_, headers)] = storage.asked
    assert "Authorization" not in headers


def test_archive_does_not_say_where_its_database_goes(host, target, tmp_path, download, account):
    link = tarfile.TarInfo("GeoLite2-City.mmdb")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    offer_maxmind(host, tar((link, b""), ("../../../escaped.mmdb", CITY)))
    download()
    assert target.read_bytes() == CITY
    assert not target.is_symlink()
    assert list(tmp_path.rglob("escaped*")) == []


@pytest.mark.parametrize(
    ("there", "why"),
    [(maps.database("GeoIP2-City"), "GeoIP2-City"), (b"DEBUG = True", "not a valid database")],
    ids=["bought", "no database"],
)
def test_what_is_not_from_these_sources_is_replaced_by_force_alone(
    host, target, refused, download, there, why
):
    host.answer("/free/.*", PACKED)
    target.write_bytes(there)
    message = refused()
    assert why in message
    assert "--force" in message
    assert host.asked == []
    download("--force")
    assert target.read_bytes() == CITY


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_a_line_for_every_tenth(host, target, download):
    host.answer("/free/.*", gzip.compress(maps.database(size=4_000_000)))
    lines = download()[1].splitlines()
    assert [line.split()[0] for line in lines] == [str(n) for n in range(0, 101, 10)]
    assert lines[-1] == "100 % of 2 MB"


def test_progress_on_a_terminal_is_one_line(host, target, download):
    host.answer("/free/.*", gzip.compress(maps.database(size=4_000_000)))
    _, err = download(err=Terminal())
    assert err.count("\n") == 1
    assert len(err.split("\r")) > 20
    assert "100 % of 2 MB" in err.split("\r")[-1]


def test_progress_without_a_known_size(host, target, download):
    host.answer("/free/.*", PACKED, Content_Length="")
    assert download()[1] == "0 MB\n"


def test_silence(host, target, download):
    host.answer("/free/.*", PACKED)
    assert download(verbosity=0) == ("", "")
    assert target.read_bytes() == CITY
