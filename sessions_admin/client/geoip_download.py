"""Download a free location database to the path that ``GEOIP_PATH`` names.

The download is unpacked and checked in a temporary folder beside the target and then renamed to
it, so the target is always either the old database or the complete new one.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import HTTPError

from sessions_admin.client.locations import Database, UnusableDatabaseError, open_database

# Called with the number of bytes received, and the total where the server sends it.
Progress = Callable[[int, int | None], None]

EDITIONS = ("city", "country")
TYPES = ("DBIP-City-Lite", "DBIP-Country-Lite", "GeoLite2-City", "GeoLite2-Country")
DBIP_HOST = "https://download.db-ip.com"
MAXMIND_HOST = "https://download.maxmind.com"

# The time to connect, and the time between two chunks of the response.
TIMEOUT_SECONDS = (15, 60)
CHUNK = 1 << 16
# The largest of these databases is 130 MB, so a larger download is not a database.
LARGEST = 2 * 1024**3


class DownloadError(Exception):
    """Why a download failed, as a sentence to show. The old database is unchanged."""


@dataclass(frozen=True)
class Source:
    """Where to download an edition from: the first URL that has it is used.

    The file is a gzipped database or, with ``tar_checksum_url``, a gzipped tar archive.
    """

    edition: str
    urls: tuple[str, ...]
    tar_checksum_url: str = ""
    account: HTTPBasicAuth | None = None


def dbip(edition: str, today: date, host: str = DBIP_HOST) -> Source:
    """Return the source of a DB-IP Lite database.

    They are published in the first days of each month, so last month's is the second choice.
    """
    months = (today, today.replace(day=1) - timedelta(days=1))
    return Source(
        edition,
        tuple(f"{host}/free/dbip-{edition}-lite-{month:%Y-%m}.mmdb.gz" for month in months),
    )


def maxmind(edition: str, account_id: str, licence_key: str, host: str = MAXMIND_HOST) -> Source:
    """Return the source of a MaxMind GeoLite2 database, which needs a free account."""
    url = f"{host}/geoip/databases/GeoLite2-{edition.capitalize()}/download?suffix=tar.gz"
    return Source(
        edition,
        (url,),
        tar_checksum_url=f"{url}.sha256",
        account=HTTPBasicAuth(account_id.encode(), licence_key.encode()),
    )


def download(source: Source, target: Path, *, progress: Progress) -> Database:
    """Replace the target with the newest database and return that. Raises DownloadError.

    On any failure or interruption the target is unchanged and no temporary files remain.
    """
    # Keep a symbolic link and replace the file that it points to.
    target = target.resolve()
    with _folder_beside(target) as folder:
        packed, unpacked = folder / "packed", folder / "unpacked"
        with requests.Session() as session:
            # The files are already compressed; their checksums are of the compressed bytes.
            session.headers["Accept-Encoding"] = "identity"
            session.auth = source.account
            _fetch(session, source, packed, progress)
        _unpack(packed, unpacked)
        if source.tar_checksum_url:
            unpacked = _extracted(unpacked, folder / "extracted")
        database = _verified(unpacked, source.edition)
        _flush(unpacked)
        unpacked.replace(target)
        # Not every file system supports this, and the file is already in place.
        with contextlib.suppress(OSError):
            _flush(target.parent)
    return database


# --- The network ----------------------------------------------------------------------------------


def _fetch(session: requests.Session, source: Source, path: Path, progress: Progress) -> None:
    """Save the first file of the source that exists, and verify its checksum if there is one."""
    checksum = _checksum(session, source.tar_checksum_url) if source.tar_checksum_url else None
    for url in source.urls:
        with _answer(session, url) as response:
            if response.status_code == 404 and url != source.urls[-1]:
                continue
            _require_success(response, url)
            _save(response, path, progress)
            break
    if checksum is not None and checksum != _sha256(path):
        raise DownloadError("The download does not have the checksum that its source gives.")


def _checksum(session: requests.Session, url: str) -> str:
    """Return the SHA-256 at the start of a file in the format of sha256sum."""
    with _answer(session, url) as response:
        _require_success(response, url)
        start: bytes = response.raw.read(64, decode_content=False)
    return start.decode("ascii", "replace").lower()


@contextlib.contextmanager
def _answer(session: requests.Session, url: str) -> Iterator[requests.Response]:
    """Open the response to a URL, following redirects. Raises DownloadError.

    requests sends the account's credentials to no other host.
    """
    host = urlsplit(url).hostname
    try:
        with session.get(url, stream=True, timeout=TIMEOUT_SECONDS) as response:
            yield response
    except requests.Timeout as error:
        raise DownloadError(f"{host} did not respond in time.") from error
    except requests.RequestException as error:
        raise DownloadError(f"{host} cannot be reached ({type(error).__name__}).") from error
    except HTTPError as error:
        # Also raised when the response is shorter than its Content-Length.
        raise DownloadError(f"The download from {host} was interrupted.") from error


def _require_success(response: requests.Response, url: str) -> None:
    host, status = urlsplit(url).hostname, response.status_code
    if status == 200:
        return
    if status == 401:
        raise DownloadError(f"{host} does not accept the account id and licence key (401).")
    if status == 404:
        raise DownloadError(f"{host} does not have {urlsplit(url).path} (404).")
    if status == 429:
        raise DownloadError(f"{host} allows no more downloads today (429): try again tomorrow.")
    raise DownloadError(f"{host} responded with {status} instead of the database.")


def _save(response: requests.Response, path: Path, progress: Progress) -> None:
    total, done = _length(response), 0
    with path.open("xb") as file:
        for chunk in response.raw.stream(CHUNK, decode_content=False):
            done += len(chunk)
            _require_sane(done)
            file.write(chunk)
            progress(done, total)


def _length(response: requests.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else None


# --- The disk -------------------------------------------------------------------------------------


@contextlib.contextmanager
def _folder_beside(target: Path) -> Iterator[Path]:
    """Create a temporary folder on the target's file system, so that a rename is atomic."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
            yield Path(folder)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DownloadError(f"{target} cannot be written: {reason}.") from error


def _unpack(packed: Path, path: Path) -> None:
    with packed.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            raise DownloadError("The download is not a gzip file; it may be a web page.")
    try:
        with gzip.open(packed) as content:
            _copy(content, path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DownloadError("The download is damaged or incomplete.") from error


def _extracted(archive: Path, path: Path) -> Path:
    """Extract the database from a tar archive to ``path``, ignoring the paths in the archive."""
    try:
        with tarfile.open(archive, "r:") as members:
            for member in members:
                if member.isreg() and member.name.endswith(".mmdb"):
                    _copy(members.extractfile(member), path)
                    return path
    except tarfile.TarError as error:
        raise DownloadError("The download is not a tar archive or is incomplete.") from error
    raise DownloadError("The downloaded archive has no database in it.")


def _copy(content: Any, path: Path) -> None:
    size = 0
    with path.open("xb") as file:
        while chunk := content.read(CHUNK):
            size += len(chunk)
            _require_sane(size)
            file.write(chunk)


def _require_sane(size: int) -> None:
    if size > LARGEST:
        raise DownloadError(f"The download is larger than {LARGEST} bytes, more than any database.")


def _verified(path: Path, edition: str) -> Database:
    try:
        database = open_database(path)
    except UnusableDatabaseError as error:
        raise DownloadError("The download is not a valid location database.") from error
    if database.has_cities is not (edition == "city"):
        raise DownloadError(
            f"The download is a {database.type} database, not of the edition {edition}."
        )
    return database


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
