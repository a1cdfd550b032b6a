"""Databases that come over HTTP from a real server, whole and otherwise."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from sessions_admin.client import geoip_download
from sessions_admin.client.locations import location_of

from . import maps

CITY = maps.database()
PACKED = gzip.compress(CITY)
MAXMIND_PATH = "/geoip/databases/GeoLite2-City/download?suffix=tar.gz"
KEY = "a-key-nobody-may-see"


class Host:
    """A web server with one answer for each path, which it keeps as (status, headers, body)."""

    def __init__(self):
        self.answers, self.asked = {}, []
        self.has_begun, self.may_go_on = threading.Event(), threading.Event()
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                host.asked.append((self.path, dict(self.headers)))
                status, headers, body = host.answer_to(self.path)
                self.send_response(status)
                for name, value in {"Content-Length": len(body), **headers}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()
                host.has_begun.set()
                if "Slow" in headers:
                    host.may_go_on.wait(30)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def answer(self, path, body=b"", status=200, **headers):
        """Give this answer to paths that match, a regular expression; the first one given wins."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = (status, named, body)

    def answer_to(self, path):
        for pattern, answer in self.answers.items():
            if re.fullmatch(pattern, path):
                return answer
        return 404, {}, b""

    def stop(self):
        self.may_go_on.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def start_host():
    hosts = []

    def start():
        hosts.append(Host())
        return hosts[-1]

    yield start
    for host in hosts:
        host.stop()


@pytest.fixture
def host(start_host):
    return start_host()


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """No account with MaxMind, and no proxy to this machine."""
    for name in ("MAXMIND_ACCOUNT_ID", "MAXMIND_LICENSE_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")


@pytest.fixture
def account(monkeypatch):
    monkeypatch.setenv("MAXMIND_ACCOUNT_ID", "4711")
    monkeypatch.setenv("MAXMIND_LICENSE_KEY", KEY)
    return "Basic " + base64.b64encode(f"4711:{KEY}".encode()).decode()


@pytest.fixture
def target(tmp_path, settings):
    """Where the database belongs: an older one is there."""
    path = tmp_path / "geoip" / "City.mmdb"
    path.parent.mkdir()
    path.write_bytes(maps.database(city="Bled"))
    settings.GEOIP_PATH = str(path)
    return path


@pytest.fixture
def download(host):
    """Run the command. Returns what it wrote, to both ends."""

    def run(*arguments, err=None, **options):
        out, err = io.StringIO(), err or io.StringIO()
        options = {"url": host.url, **options}
        call_command("download_geoip", *arguments, stdout=out, stderr=err, **options)
        return out.getvalue(), err.getvalue()

    return run


@pytest.fixture
def refused(download, target):
    """Run the command, which is to fail. Returns why, once nothing turns out to be changed."""

    def run(*arguments, **options):
        before = target.read_bytes()
        with pytest.raises(CommandError) as failure:
            download(*arguments, **options)
        assert target.read_bytes() == before
        assert names_beside(target) == [target.name]
        message = str(failure.value)
        assert "\n" not in message
        return message

    return run


def names_beside(path):
    return [file.name for file in path.parent.iterdir()]


def tar(*members):
    """A tar.gz of (name, content), or of whole tarfile.TarInfo."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def offer_maxmind(host, packed, checksum=None, **answer):
    checksum = checksum or f"{hashlib.sha256(packed).hexdigest()}  GeoLite2-City.tar.gz\n"
    path = re.escape(MAXMIND_PATH)
    host.answer(path, packed, **answer)
    host.answer(path + r"\.sha256", checksum.encode())


# --- From DB-IP -----------------------------------------------------------------------------------


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


# --- From MaxMind ---------------------------------------------------------------------------------


def test_maxmind_is_asked_by_those_who_have_an_account(host, target, download, account):
    offer_maxmind(host, tar(("GeoLite2-City_20261103/COPYRIGHT.txt", b"(c)"), ("x/y.mmdb", CITY)))
    download()
    assert target.read_bytes() == CITY
    assert {headers["Authorization"] for _, headers in host.asked} == {account}


def test_account_is_not_told_to_the_host_that_keeps_the_file(
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
        (tar(("README.txt", b"Nothing here")), None, "without a database"),
        (tar(("GeoLite2-City.mmdb", CITY[: len(CITY) // 2])), None, "does not open"),
        (gzip.compress(gzip.decompress(tar(("a.mmdb", CITY)))[:600]), None, "cut short"),
        (PACKED, None, "no tar archive"),
    ],
    ids=["checksum", "no checksum", "no database", "cut database", "cut tar", "no tar"],
)
def test_wrong_archive(host, refused, account, packed, checksum, why):
    offer_maxmind(host, packed, checksum)
    assert why in refused()


# --- What goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html>Please sign in to the hotel's network</html>", "no gzip file"),
        (b"", "no gzip file"),
        (PACKED[:-50], "cut short"),
        (PACKED[:-8] + b"\0" * 8, "damaged"),
        (PACKED[:100] + b"\xff" * 20 + PACKED[120:], "damaged"),
        (gzip.compress(CITY[: len(CITY) // 2]), "does not open"),
        (gzip.compress(maps.database("DBIP-Country-Lite")), "DBIP-Country-Lite"),
        (gzip.compress(maps.database("GeoLite2-ASN")), "does not open"),
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
    assert "broke off" in refused()


def test_host_that_falls_silent(host, refused, monkeypatch):
    monkeypatch.setattr(geoip_download, "TIMEOUT_SECONDS", (5, 0.2))
    host.answer("/free/.*", PACKED[: len(PACKED) // 2], Content_Length=len(PACKED), Slow="yes")
    assert "broke off" in refused()


def test_host_that_never_answers(refused, monkeypatch):
    monkeypatch.setattr(geoip_download, "TIMEOUT_SECONDS", (5, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert refused(url=url) == "127.0.0.1 did not answer in time."


def test_host_that_is_not_there(refused):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    assert "127.0.0.1 cannot be reached" in refused(url=url)


def test_bomb_is_not_unpacked(host, refused, monkeypatch):
    monkeypatch.setattr(geoip_download, "LARGEST", 100_000)
    bomb = gzip.compress(bytes(10_000_000))
    assert len(bomb) < 100_000
    host.answer("/free/.*", bomb)
    assert "larger than any database" in refused()


def test_full_disk(host, refused):
    host.answer("/free/.*", gzip.compress(maps.database(size=1_000_000)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The nearest to a full disk: the system refuses to write on.
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
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "GEOIP_PATH": str(target)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What started the tests may have told them to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert host.has_begun.wait(60)
    while names_beside(target) == [target.name] and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(sign)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Interrupted" in errors
    assert "Traceback" not in errors
    assert names_beside(target) == [target.name]
    assert target.read_bytes() == before


# --- What is there already, and what is asked for -------------------------------------------------


@pytest.mark.parametrize(
    ("there", "why"),
    [(maps.database("GeoIP2-City"), "GeoIP2-City"), (b"DEBUG = True", "no database")],
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


def test_no_path_says_what_to_write(download, settings):
    settings.GEOIP_PATH = None
    with pytest.raises(CommandError, match=r'GEOIP_PATH = BASE_DIR / "City.mmdb"'):
        download()


def test_mirror_that_is_no_address(refused):
    assert "https://" in refused(url="mirror.example")


# --- Progress -------------------------------------------------------------------------------------


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
