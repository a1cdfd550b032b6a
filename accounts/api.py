"""Sign-in for native clients of the Mobile app: JSON in, JSON out, the session in the cookie.

These addresses carry no CSRF token, because a native client has no page to read one from. They
are safe without it because they change something only when sent `application/json`: no form can
send that, and a script on another site can only after a CORS preflight, which nothing here grants.
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
    """A request that is answered with an error instead."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def response(self) -> JsonResponse:
        error = {"code": self.code, "message": self.message}
        return JsonResponse({"error": error}, status=self.status)


@method_decorator([csrf_exempt, never_cache], name="dispatch")
class MobileView(View):
    """Answers every refusal as JSON: {"error": {"code": ..., "message": ...}}."""

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
    """POST {"email", "password"}: 200 with who signed in and where, and the session cookie.

    400 when malformed, 401 when the credentials are wrong, 415 when it is not JSON.
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
    """GET: who is signed in and where; 401 when nobody is.

    Its code is `signed_out`, or, the first time after the session was ended elsewhere, why:
    `session_terminated` by an administrator, `session_password_changed`, `session_removed`.
    """

    def get(self, request: HttpRequest) -> JsonResponse:
        if not request.user.is_authenticated:
            raise signed_out(request)
        return describe(request, request.user)


class SignOutView(MobileView):
    """POST: 204, and the session is over; the same when it was over already."""

    def post(self, request: HttpRequest) -> HttpResponse:
        require_json(request)
        logout(request)
        return HttpResponse(status=204)


def describe(request: HttpRequest, user: User) -> JsonResponse:
    """The signed-in person and the account their session is in."""
    account = account_of(request)
    return JsonResponse(
        {
            "person": {"email": user.email, "name": user.name},
            "account": asdict(account) if account else None,
        }
    )


def signed_out(request: HttpRequest) -> RefusedError:
    """Nobody is signed in, and why, where that is known."""
    if ended := request.ended_session:  # type: ignore[attr-defined]
        return RefusedError(401, f"session_{ended.reason}", str(ended))
    return RefusedError(401, "signed_out", _("You're not signed in."))


def require_json(request: HttpRequest) -> None:
    """Refuse any other content type; the module's docstring says what depends on it."""
    if request.content_type != "application/json":
        raise RefusedError(415, "not_json", _("Send the content type application/json."))


def read_credentials(request: HttpRequest) -> Credentials:
    """What the client sent; anything but two plain, non-empty strings is refused with 400."""
    content = read_object(request)
    return Credentials(email=text(content, "email"), password=text(content, "password"))


def read_object(request: HttpRequest) -> dict[str, Any]:
    try:
        body = request.read(MAX_BODY_BYTES + 1)
        # Deep nesting is a RecursionError; bad UTF-8 and endless numbers are a ValueError.
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
    """A non-empty string that a database can store: no NUL, no half of a surrogate pair."""
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
