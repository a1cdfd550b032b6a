"""Shows every request to the tracker. Belongs right after Django's AuthenticationMiddleware."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from sessions_admin import tracking


class TrackedSessionMiddleware(MiddlewareMixin):
    def process_request(self, request: HttpRequest) -> None:
        tracking.admit(request)
        session = getattr(request, "session", None)
        request.session_key_before = getattr(session, "session_key", None)  # type: ignore[attr-defined]

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        key_before = getattr(request, "session_key_before", None)
        tracking.observe(request, response, key_before=key_before)
        return response
