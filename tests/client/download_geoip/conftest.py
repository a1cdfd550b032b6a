"""A server, a MaxMind account, an older database, and the command."""

from __future__ import annotations

import base64
import io

import pytest
from django.core.management import CommandError, call_command

from tests.client.download_geoip.hosts import KEY, Host, names_beside
from tests.support import maps


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
    """Unset the MaxMind account, and use no proxy for this machine."""
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
    """The path of the database, with an older one in place."""
    path = tmp_path / "geoip" / "City.mmdb"
    path.parent.mkdir()
    path.write_bytes(maps.database(city="Bled"))
    settings.GEOIP_PATH = str(path)
    return path


@pytest.fixture
def download(host):
    """Run the command. Return what it wrote to stdout and stderr."""

    def run(*arguments, err=None, **options):
        out, err = io.StringIO(), err or io.StringIO()
        options = {"url": host.url, **options}
        call_command("download_geoip", *arguments, stdout=out, stderr=err, **options)
        return out.getvalue(), err.getvalue()

    return run


@pytest.fixture
def refused(download, target):
    """Run the command and expect it to fail and to change nothing. Return the error."""

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
