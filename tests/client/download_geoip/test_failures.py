"""A failed download changes nothing and is reported in one line."""

from __future__ import annotations

import gzip
import os
import resource
import signal
import socket
import subprocess
import sys
import time

import pytest
from django.core.management import CommandError

from sessions_admin.client import geoip_download
from tests.client.download_geoip.hosts import CITY, KEY, PACKED, names_beside, offer_maxmind, tar
from tests.support import maps
from tests.support.servers import PATIENCE, ROOT

pytestmark = pytest.mark.once


@pytest.mark.parametrize("name", ["MAXMIND_ACCOUNT_ID", "MAXMIND_LICENSE_KEY"])
def test_half_an_account_is_a_mistake_and_not_another_source(refused, account, monkeypatch, name):
    monkeypatch.delenv(name)
    assert name in refused()


@pytest.mark.parametrize(
    ("status", "why"), [(401, "licence key"), (429, "today"), (404, "404"), (503, "503")]
)
def test_maxmind_says_no(host, refused, account, caplog, status, why):
    caplog.set_level("DEBUG")
    offer_maxmind(host, b"", status=status)
    message = refused()
    assert why in message
    assert KEY not in message + caplog.text
    assert account not in message + caplog.text


@pytest.mark.parametrize(
    ("packed", "checksum", "why"),
    [
        (tar(("GeoLite2-City.mmdb", CITY)), "0" * 64, "checksum"),
        (tar(("GeoLite2-City.mmdb", CITY)), "<html>An error</html>", "checksum"),
        (tar(("README.txt", b"Nothing here")), None, "has no database in it"),
        (tar(("GeoLite2-City.mmdb", CITY[: len(CITY) // 2])), None, "valid location database"),
        (gzip.compress(gzip.decompress(tar(("a.mmdb", CITY)))[:600]), None, "incomplete"),
        (PACKED, None, "not a tar archive"),
    ],
    ids=["checksum", "no checksum", "no database", "cut database", "cut tar", "no tar"],
)
def test_wrong_archive(host, refused, account, packed, checksum, why):
    offer_maxmind(host, packed, checksum)
    assert why in refused()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html>Please sign in to the hotel's network</html>", "not a gzip file"),
        (b"", "not a gzip file"),
        (PACKED[:-50], "incomplete"),
        (PACKED[:-8] + b"\0" * 8, "damaged"),
        (PACKED[:100] + b"\xff" * 20 + PACKED[120:], "damaged"),
        (gzip.compress(CITY[: len(CITY) // 2]), "not a valid location database"),
        (gzip.compress(maps.database("DBIP-Country-Lite")), "DBIP-Country-Lite"),
        (gzip.compress(maps.database("GeoLite2-ASN")), "not a valid location database"),
    ],
    ids=["page", "empty", "cut gzip", "checksum", "noise", "cut database", "country", "asn"],
)
def test_wrong_content(host, refused, body, why):
    host.answer("/free/.*", body)
    assert why in refused()


@pytest.mark.parametrize(("status", "why"), [(404, "404"), (500, "500"), (403, "403")])
def test_dbip_says_no(host, refused, status, why):
    host.answer("/free/.*", status=status)
    assert why in refused()


def test_connection_that_breaks_off(host, refused):
    host.answer("/free/.*", PACKED[: len(PACKED) // 2], Content_Length=len(PACKED))
    assert "was interrupted" in refused()


def test_host_that_falls_silent(host, refused, monkeypatch):
    monkeypatch.setattr(geoip_download, "TIMEOUT_SECONDS", (5, 0.2))
    host.answer("/free/.*", PACKED[: len(PACKED) // 2], Content_Length=len(PACKED), Slow="yes")
    assert "was interrupted" in refused()


def test_host_that_never_answers(refused, monkeypatch):
    monkeypatch.setattr(geoip_download, "TIMEOUT_SECONDS", (5, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert refused(url=url) == "127.0.0.1 did not respond in time."


def test_host_that_is_not_there(refused):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    assert "127.0.0.1 cannot be reached" in refused(url=url)


def test_bomb_is_not_unpacked(host, refused, monkeypatch):
    monkeypatch.setattr(geoip_download, "LARGEST", 100_000)
    bomb = gzip.compress(bytes(10_000_000))
    assert len(bomb) < 100_000
    host.answer("/free/.*", bomb)
    assert "more than any database" in refused()


def test_full_disk(host, refused):
    host.answer("/free/.*", gzip.compress(maps.database(size=1_000_000)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The closest to a full disk: the system refuses further writes.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        message = refused()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "cannot be written" in message


def test_folder_that_cannot_be(target, download):
    with pytest.raises(CommandError, match="cannot be written"):
        download("--to", str(target / "City.mmdb"))


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interruption_leaves_nothing(host, target, sign, code):
    host.answer("/free/.*", PACKED[: len(PACKED) // 2], Content_Length=len(PACKED), Slow="yes")
    before = target.read_bytes()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "download_geoip", "--url", host.url],
        cwd=ROOT,
        env={**os.environ, "GEOIP_PATH": str(target)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # The process that started the tests may have made them ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert host.has_begun.wait(60)
    while names_beside(target) == [target.name] and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(sign)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert "Interrupted" in errors
    assert "Traceback" not in errors
    assert names_beside(target) == [target.name]
    assert target.read_bytes() == before


def test_no_path_says_what_to_write(download, settings):
    settings.GEOIP_PATH = None
    with pytest.raises(CommandError, match=r'GEOIP_PATH = BASE_DIR / "City.mmdb"'):
        download()


def test_mirror_that_is_no_address(refused):
    assert "https://" in refused(url="mirror.example")
