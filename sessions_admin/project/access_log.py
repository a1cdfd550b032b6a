"""gunicorn's access log, made safe against injected line breaks and terminal colours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from gunicorn.glogging import Logger

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


class AccessLogger(Logger):  # type: ignore[misc]
    """Escapes all but printable ASCII, as a browser does in a URL: ``%0A``.

    gunicorn decodes the path before it logs it, and logs headers unchanged.
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
