"""People with browsers: real sign-ins over HTTP, and what the page says of them."""

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


def row(browser: Browser) -> TrackedSession:
    """The row of the session that this browser has."""
    return TrackedSession.objects.get(session_key=browser.key)


def text(answer: Any) -> str:
    """The page as one reads it: without tags, entities and line breaks."""
    body = re.sub(r"<(svg|style|script|head)\b.*?</\1>", " ", answer.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def counts(termination: Termination) -> tuple[int, int, int, int]:
    """How many were asked for, ended, already gone and failed."""
    done = termination
    return done.requested, done.ended, done.already_gone, done.failed


def grown_old(browser: Browser) -> Browser:
    """This browser, its last proof of identity so long ago that it proves nothing now."""
    session = SessionStore(browser.key)
    session[reauthentication.PROVED_AT] -= 901
    session.save()
    return browser


def row_of(user: User) -> TrackedSession:
    """The row of the one session that this person has had."""
    return TrackedSession.objects.get(user=user)


def terminate_url(session: TrackedSession) -> str:
    return f"{LIST}{session.public_id}/terminate/"
