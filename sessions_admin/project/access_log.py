"""gunicorn's access log, made safe: no injected line breaks or colours, no links for a password."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from gunicorn.glogging import Logger

# The token in a link for a new password, which works until it is used.
TOKEN = re.compile(r"(?<=/accounts/reset/)([^/\s]+)/(?!set-password)[^/?\s]+")
PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


class AccessLogger(Logger):  # type: ignore[misc]
    """Escapes all but printable ASCII, as a browser does in a URL (``%0A``), and hides tokens.

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
    return quote(TOKEN.sub(r"\1/[token]", value), safe=PRINTABLE, errors="replace")
