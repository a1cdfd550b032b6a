"""A web server with prepared answers, and the databases it serves."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support import maps
from tests.support.servers import PATIENCE

CITY = maps.database()
PACKED = gzip.compress(CITY)
MAXMIND_PATH = "/geoip/databases/GeoLite2-City/download?suffix=tar.gz"
KEY = "a-key-nobody-may-see"


class Host:
    """A web server with one answer for each path, stored as (status, headers, body)."""

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
                    host.may_go_on.wait(PATIENCE)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def answer(self, path, body=b"", status=200, **headers):
        """Give this answer to paths that match a regular expression; the first match wins."""
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


def names_beside(path):
    return [file.name for file in path.parent.iterdir()]


def tar(*members):
    """Return a tar.gz of (name, content) pairs, or of tarfile.TarInfo objects."""
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
