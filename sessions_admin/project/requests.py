"""Requests whose charset is not for strangers to choose.

Django reads the query and the body in the charset that the Content-Type names. Names that Python
knows for something else (``rot13``, ``idna``) raise while the request is being made, before any
middleware or handler of errors is there, and so does a query of too many parameters beside any
charset. What browsers send is UTF-8, with or without saying so.
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
