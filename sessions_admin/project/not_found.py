"""The 404 page of the site, for requests with any body."""

from __future__ import annotations

import contextlib

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.defaults import page_not_found


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer as Django does, even if the body cannot be parsed.

    Django reads the form for its CSRF token before it renders the page. If that raises, the answer
    would be 500. A form is parsed only once.
    """
    with contextlib.suppress(MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        _ = request.POST
    return page_not_found(request, exception)
