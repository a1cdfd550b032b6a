"""Requests that ignore the charset the client names, and always use UTF-8.

Django decodes the query and the body with the charset from Content-Type. Python codecs that are no
charsets (``rot13``, ``idna``) raise while the request object is created, before any middleware or
error handler runs. So does any charset combined with a query of too many parameters. Browsers send
UTF-8, whether they say so or not.
"""

from __future__ import annotations

from typing import Any

from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest
from django.utils.http import parse_header_parameters


class _ReadAsUtf8(HttpRequest):
    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        said = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        self.content_type, self.content_params = said


class Utf8WSGIRequest(_ReadAsUtf8, WSGIRequest):
    pass


class Utf8ASGIRequest(_ReadAsUtf8, ASGIRequest):
    pass


class Utf8WSGIHandler(WSGIHandler):
    request_class = Utf8WSGIRequest


class Utf8ASGIHandler(ASGIHandler):
    request_class = Utf8ASGIRequest
