"""Signs the demo's people in through the site's own URLs, as their devices would.

Every demo session is real: it comes from the sign-in pages, through all middleware.
"""

from __future__ import annotations

from django.conf import settings
from django.core.management import CommandError
from django.test import Client
from django.urls import reverse

from sessions_admin.models import TrackedSession

from .people import PASSWORD
from .visits import Visit

ENTRANCES = {"web": "login", "management": "account_management_login"}


def sign_in(visit: Visit, *, account_id: str | None) -> TrackedSession:
    """Sign in as the visit describes, choose its account, and return the tracked row."""
    device = Device(visit)
    if visit.application == "mobile":
        device.sign_in_as_native_client()
    else:
        device.sign_in_at(ENTRANCES[visit.application])
    if len(visit.person.roles) > 1:
        device.submit("choose_account", {"account": account_id})
    if visit.moved_to:
        device.move_to(visit.moved_to)
    return device.tracked_session()


class Device:
    """A browser or native client that sends requests from the visit's address."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.secure = settings.SECURE_SSL_REDIRECT
        self.host = next((host for host in settings.ALLOWED_HOSTS if "*" not in host), "127.0.0.1")
        self.host = self.host.removeprefix(".")
        self.client = Client(
            enforce_csrf_checks=True,
            HTTP_HOST=self.host,
            headers={"user-agent": visit.agent.user_agent, **visit.agent.hints},
            REMOTE_ADDR=visit.ip_address,
        )

    def sign_in_at(self, entrance: str) -> None:
        self.submit(entrance, {"username": self.visit.person.email, "password": PASSWORD})

    def sign_in_as_native_client(self) -> None:
        response = self.client.post(
            reverse("mobile_sign_in"),
            {"email": self.visit.person.email, "password": PASSWORD},
            content_type="application/json",
            secure=self.secure,
        )
        self.require(response.status_code == 200, response.status_code)

    def move_to(self, ip_address: str) -> None:
        self.client.defaults["REMOTE_ADDR"] = ip_address
        response = self.client.get(reverse("mobile_me"), secure=self.secure)
        self.require(response.status_code == 200, response.status_code)

    def submit(self, name: str, fields: dict[str, str | None]) -> None:
        """Open a page and submit its form with the CSRF token from that page."""
        address = reverse(name)
        self.client.get(address, secure=self.secure)
        token = self.client.cookies[settings.CSRF_COOKIE_NAME].value
        response = self.client.post(
            address,
            {**fields, "csrfmiddlewaretoken": token},
            headers={"origin": f"{'https' if self.secure else 'http'}://{self.host}"},
            secure=self.secure,
        )
        self.require(response.status_code == 302, response.status_code)

    def tracked_session(self) -> TrackedSession:
        cookie = self.client.cookies.get(settings.SESSION_COOKIE_NAME)
        rows = list(TrackedSession.objects.filter(session_key=cookie.value)) if cookie else []
        self.require(len(rows) == 1, f"{len(rows)} tracked sessions")
        row: TrackedSession = rows[0]
        return row

    def require(self, succeeded: bool, outcome: object) -> None:
        if not succeeded:
            raise CommandError(
                f"Signing in {self.visit.person.email} to {self.visit.application}: {outcome}."
            )
