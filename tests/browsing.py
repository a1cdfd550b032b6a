"""People with browsers: real sign-ins over HTTP, and what the page says of them."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from accounts.models import User

from .factories import PASSWORD

LIST = "/account-management/advanced-security/active-user-sessions/"
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)


class Browser(Client):
    """A browser with its cookies, at an address, of a person."""

    def __init__(self, user_agent: str = WINDOWS, ip: str = "192.168.1.20", **options: Any) -> None:
        super().__init__(HTTP_USER_AGENT=user_agent, REMOTE_ADDR=ip, **options)

    def sign_in(self, user: User, entrance: str = "/accounts/login/") -> Browser:
        answer = self.post(entrance, {"username": user.email, "password": PASSWORD})
        assert answer.status_code == 302, answer.content
        return self

    @property
    def key(self) -> str:
        """The session key in the cookie; empty without one."""
        cookie = self.cookies.get("sessionid")
        return cookie.value if cookie else ""

    def is_signed_in(self) -> bool:
        """What the next request with this cookie gets."""
        answer = self.get("/api/mobile/me/")
        assert answer.status_code in {200, 401}
        return answer.status_code == 200


def listed(admin: Browser, query: str = "") -> list[str]:
    """The public ids of the rows on the list, in their order."""
    answer = admin.get(LIST + query)
    assert answer.status_code == 200
    return re.findall(r"/active-user-sessions/([0-9a-f-]{36})/terminate/", answer.content.decode())
