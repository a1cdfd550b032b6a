"""People with browsers: real sign-ins over HTTP, and what the page shows."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from accounts.models import User
from sessions_admin import reauthentication
from sessions_admin.models import Termination, TrackedSession
from tests.support.factories import PASSWORD

LIST = "/account-management/advanced-security/active-user-sessions/"
TERMINATE_ALL = LIST + "terminate-all/"
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)


class Browser(Client):
    """A person's browser with its cookies, at one address."""

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
        """Whether the next request with this cookie is signed in."""
        answer = self.get("/api/mobile/me/")
        assert answer.status_code in {200, 401}
        return answer.status_code == 200


def listed(admin: Browser, query: str = "") -> list[str]:
    """Return the public ids of the rows on the list, in order."""
    answer = admin.get(LIST + query)
    assert answer.status_code == 200
    return re.findall(r"/active-user-sessions/([0-9a-f-]{36})/terminate/", answer.content.decode())


def row(browser: Browser) -> TrackedSession:
    """Return the tracked row of this browser's session."""
    return TrackedSession.objects.get(session_key=browser.key)


def text(answer: Any) -> str:
    """Return the page's visible text: without tags, entities and line breaks."""
    # A place where a line may break is no space.
    html = answer.content.decode().replace("<wbr>", "")
    body = re.sub(r"<(svg|style|script|head)\b.*?</\1>", " ", html, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def counts(termination: Termination) -> tuple[int, int, int, int]:
    """Return how many sessions were requested, ended, already gone and failed."""
    done = termination
    return done.requested, done.ended, done.already_gone, done.failed


def grown_old(browser: Browser) -> Browser:
    """Backdate this browser's last reauthentication so far that it no longer counts."""
    session = SessionStore(browser.key)
    session[reauthentication.PROVED_AT] -= 901
    session.save()
    return browser


def row_of(user: User) -> TrackedSession:
    """Return the row of the only session this person has had."""
    return TrackedSession.objects.get(user=user)


def terminate_url(session: TrackedSession) -> str:
    return f"{LIST}{session.public_id}/terminate/"
