"""Sign-in for native clients of the Mobile app: JSON in, JSON out, the session in the cookie.

These URLs need no CSRF token, because a native client has no page to read one from. They are safe
without it because they accept changes only as `application/json`: a form cannot send that, and a
script on another site needs a CORS preflight, which the site never grants.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from .access import account_of
from .models import User

ADDRESS = "/api/mobile/"
MAX_BODY_BYTES = 10 * 1024


@dataclass(frozen=True)
class Credentials:
    email: str
    password: str = field(repr=False)


class RefusedError(Exception):
    """A refused request, with the error to send."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def response(self) -> JsonResponse:
        error = {"code": self.code, "message": self.message}
        return JsonResponse({"error": error}, status=self.status)


@method_decorator([csrf_exempt, never_cache], name="dispatch")
class MobileView(View):
    """Base view that turns every refusal into JSON: {"error": {"code": ..., "message": ...}}."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except RefusedError as refused:
            return refused.response()

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> JsonResponse:
        plain = super().http_method_not_allowed(request, *args, **kwargs)
        refused = RefusedError(405, "method_not_allowed", _("This method is not allowed."))
        response = refused.response()
        response.headers["Allow"] = plain.headers["Allow"]
        return response


class SignInView(MobileView):
    """POST {"email", "password"}: 200 with the person, their account and the session cookie.

    400 for a malformed request, 401 for wrong credentials, 415 for anything but JSON.
    """

    def post(self, request: HttpRequest) -> JsonResponse:
        require_json(request)
        credentials = read_credentials(request)
        user = authenticate(request, username=credentials.email, password=credentials.password)
        if user is None:
            raise RefusedError(401, "wrong_credentials", _("Incorrect email or password."))
        login(request, user)
        return describe(request, user)


class MeView(MobileView):
    """GET the signed-in person and their account; 401 when signed out.

    The error code is `signed_out`. The first request after the session was ended elsewhere gets the
    reason instead: `session_terminated` by an administrator, `session_password_changed`,
    `session_removed`.
    """

    def get(self, request: HttpRequest) -> JsonResponse:
        if not request.user.is_authenticated:
            raise signed_out(request)
        return describe(request, request.user)


class SignOutView(MobileView):
    """POST to sign out: 204, also when the session had already ended."""

    def post(self, request: HttpRequest) -> HttpResponse:
        require_json(request)
        logout(request)
        return HttpResponse(status=204)


def describe(request: HttpRequest, user: User) -> JsonResponse:
    """Return the signed-in person and the session's account as JSON."""
    account = account_of(request)
    return JsonResponse(
        {
            "person": {"email": user.email, "name": user.name},
            "account": asdict(account) if account else None,
        }
    )


def signed_out(request: HttpRequest) -> RefusedError:
    """Return the error for a signed-out client, with the end reason if it is known."""
    if ended := request.ended_session:  # type: ignore[attr-defined]
        return RefusedError(401, f"session_{ended.reason}", str(ended))
    return RefusedError(401, "signed_out", _("You're not signed in."))


def require_json(request: HttpRequest) -> None:
    """Refuse any other content type; the module's docstring explains why this matters for CSRF."""
    if request.content_type != "application/json":
        raise RefusedError(415, "not_json", _("Send the content type application/json."))


def read_credentials(request: HttpRequest) -> Credentials:
    """Return the email and password; raise a 400 unless both are plain, non-empty strings."""
    content = read_object(request)
    return Credentials(email=text(content, "email"), password=text(content, "password"))


def read_object(request: HttpRequest) -> dict[str, Any]:
    try:
        body = request.read(MAX_BODY_BYTES + 1)
        # Deep nesting raises RecursionError; invalid UTF-8 and overlong numbers raise ValueError.
        content = json.loads(body) if len(body) <= MAX_BODY_BYTES else None
    except (ValueError, RecursionError, UnreadablePostError):
        content = None
    if not isinstance(content, dict):
        raise RefusedError(
            400,
            "malformed",
            _("Send a JSON object of at most %(bytes)d bytes.") % {"bytes": MAX_BODY_BYTES},
        )
    return content


def text(content: dict[str, Any], key: str) -> str:
    """Return a non-empty string that a database can store: no NUL, no lone surrogate."""
    value = content.get(key)
    if not isinstance(value, str) or not value or "\0" in value or not is_unicode(value):
        raise RefusedError(
            400, "malformed", _("“%(key)s” must be a non-empty string.") % {"key": key}
        )
    return value


def is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
