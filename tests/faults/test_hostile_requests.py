"""Hostile requests to any URL, and hostile names that people choose.

The fuzzing walks every URL of the site, as served in production, with a method, path, query,
headers, cookies and body that hypothesis generates. No answer may have a 5xx status, reveal
anything about another account, or break a step of the tracker, because that would hide the sender's
session.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings

from accounts.models import Membership
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.project.requests import Utf8WSGIHandler
from tests.faults.hostile_requests import CSRF_TOKEN, Sent, sent
from tests.support.browsing import LIST, WINDOWS, Browser
from tests.support.factories import MembershipFactory

pytestmark = pytest.mark.django_db
SECRET = "zebrasecret"
ROLES = ("nobody", "member", "admin")
fuzzed = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass
class World:
    """Acme, whose people send the requests, and Zebra, about which they may learn nothing."""

    member: Any
    admin: Any
    nobody: Any = field(default_factory=AnonymousUser)
    zebra_ids: list[str] = field(default_factory=list)
    site: Any = field(default_factory=Utf8WSGIHandler)

    def browser(self, role: str) -> Browser:
        browser = Browser()
        if role != "nobody":
            browser.force_login(getattr(self, role))
        return browser

    def ids(self) -> list[str]:
        """Return the id of Acme's session, and the ids of Zebra's session and termination."""
        own = TrackedSession.objects.filter(user=self.member, ended_at=None).first()
        return [str(own.public_id) if own else str(uuid.UUID(int=1)), *self.zebra_ids]


@contextmanager
def open_connections() -> Iterator[None]:
    """Keep the connection with the test's transaction open, as Django's test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@pytest.fixture
def world(settings: Any) -> World:
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["testserver", "localhost"]
    admin = MembershipFactory(
        user__name="Ada Admin", account__name="Acme", role=Membership.Role.ADMIN
    )
    member = MembershipFactory(user__name="Mia Member", account=admin.account)
    zebra = MembershipFactory(
        user__name=f"Zoe {SECRET}",
        user__email=f"{SECRET}@zebra.example",
        account__name=f"Zebra {SECRET}",
        role=Membership.Role.ADMIN,
    )
    other = MembershipFactory(user__name=f"Zac {SECRET}", account=zebra.account)
    Browser().sign_in(member.user)
    Browser(user_agent=f"{SECRET}/1.0").sign_in(other.user)
    Browser().sign_in(other.user)
    boss = Browser(user_agent=f"{SECRET}/2.0").sign_in(zebra.user)
    alive, gone = TrackedSession.objects.filter(user=other.user)
    boss.post(f"{LIST}{gone.public_id}/terminate/", {"reason": SECRET})
    termination = Termination.objects.get()
    return World(
        member=member.user,
        admin=admin.user,
        zebra_ids=[str(alive.public_id), str(termination.public_id)],
    )


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    text: str


def send(request: Sent, world: World, role: str) -> Answer:
    """Send the request through the handler that serves the site, as a server would."""
    environ = RequestFactory()._base_environ()
    path, _, _ = request.address(world.ids()).partition("?")
    cookies = [f"{name}={value}" for name, value in request.cookies.items()]
    cookies += [f"csrftoken={CSRF_TOKEN}", f"sessionid={world.browser(role).key}"]
    environ |= {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": request.query.encode(errors="replace").decode("latin-1"),
        "CONTENT_TYPE": request.content_type,
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.input": BytesIO(request.body),
        "HTTP_USER_AGENT": WINDOWS,
        "HTTP_COOKIE": "; ".join(cookies),
        "HTTP_X_CSRFTOKEN": CSRF_TOKEN,
        **request.headers,
    }
    started: list[Any] = []
    with (
        open_connections(),
        closing(world.site(environ, lambda *said: started.extend(said))) as sent,
    ):
        text = b"".join(sent).decode(errors="replace")
    return Answer(int(started[0][:3]), started[1], text)


@pytest.mark.parametrize("role", ROLES)
@fuzzed
@given(request=sent())
def test_no_request_breaks_the_site_or_learns_of_another_account(world, role, request, caplog):
    caplog.clear()
    with caplog.at_level(logging.ERROR):
        answer = send(request, world, role)
    # Django logs suspicious requests as errors; every other error is a fault.
    broken = [r for r in caplog.records if not r.name.startswith("django.security.")]
    assert not [record.getMessage() for record in broken]
    assert answer.status < 500
    assert SECRET not in f"{answer.headers} {answer.text}".lower()


def test_more_parameters_than_can_be_meant_are_refused(world):
    many = "&".join(f"p{n}=1" for n in range(1500))
    for content_type in ("", "text/plain; charset=utf-8", "text/plain; charset=rot13"):
        answer = send(Sent("GET", LIST, query=many, content_type=content_type), world, "admin")
        assert answer.status == 400
        assert "Traceback" not in answer.text


@pytest.mark.parametrize("route", ["/nowhere/", "/accounts/people/<int:pk>/deactivate/"])
def test_a_page_that_does_not_exist_answers_404_to_a_form_that_cannot_be_parsed(world, route):
    request = Sent("POST", route, content_type="multipart/form-data; boundary=")
    assert send(request, world, "admin").status == 404
