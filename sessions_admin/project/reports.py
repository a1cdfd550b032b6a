"""Keeps everything that people typed out of error reports.

For operators who have errors mailed to them (``ADMINS`` and a handler of their own). Django leaves
out what views mark as sensitive, but a password passed on to other functions is a local variable
that nothing marks.
"""

from __future__ import annotations

from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class Filter(SafeExceptionReporterFilter):
    """Leaves out posted data, cookies and all local variables, except while working locally."""

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return {} if self.is_active(request) else super().get_post_parameters(request)

    def get_safe_cookies(self, request: HttpRequest) -> dict[str, Any]:
        # Under a former SESSION_COOKIE_NAME, a cookie may still hold the key of a living session.
        return {} if self.is_active(request) else super().get_safe_cookies(request)

    def get_traceback_frame_variables(self, request: HttpRequest | None, frame: FrameType) -> Any:
        if self.is_active(request):
            return []
        return super().get_traceback_frame_variables(request, frame)
