"""gunicorn's access log, which a request cannot write lines or colours of its own into."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from gunicorn.glogging import Logger

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


class AccessLogger(Logger):  # type: ignore[misc]
    """Writes whatever is not printable ASCII as a browser would in an address: ``%0A``.

    gunicorn decodes the path before it logs it, and takes headers as they are.
    """

    def atoms(
        self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta
    ) -> dict[str, Any]:
        atoms = super().atoms(resp, req, environ, request_time)
        return {name: _in_one_line(value) for name, value in atoms.items()}


def _in_one_line(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return quote(value, safe=PRINTABLE, errors="replace")
