"""What a report of an error says of the request: nothing that somebody typed.

For those who have errors mailed to them (``ADMINS`` and a handler of their own). Django leaves out
what views have marked as sensitive, but a password that is passed on is a local variable of
functions that nobody marked.
"""

from __future__ import annotations

from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class Filter(SafeExceptionReporterFilter):
    """Leaves out what was posted and all local variables, except while working locally."""

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return {} if self.is_active(request) else super().get_post_parameters(request)

    def get_traceback_frame_variables(self, request: HttpRequest | None, frame: FrameType) -> Any:
        if self.is_active(request):
            return []
        return super().get_traceback_frame_variables(request, frame)
