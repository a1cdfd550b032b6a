"""The middleware that tracks logins. It comes right after the one that provides the session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from sessions_admin import engines, tracking
from sessions_admin.client import attach_user_agent
from sessions_admin.tracking import ended_notice


class TrackedSessionMiddleware(MiddlewareMixin):
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        if not engines.can_end_sessions():
            raise MiddlewareNotUsed("Sessions in signed cookies cannot be ended from the server.")

    def process_request(self, request: HttpRequest) -> None:
        attach_user_agent(request)
        ended_notice.attach(request)
        tracking.admit(request)

    def process_view(self, request: HttpRequest, *view: Any) -> None:
        ended_notice.hand_over(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        key_before = getattr(request, "session_key_before", None)
        tracking.observe(request, response, key_before=key_before)
        tracking.ask_for_hints(request, response)
        ended_notice.settle(request, response)
        return response
