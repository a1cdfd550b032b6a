"""Every URL of the app, for every kind of person and every method, as in the docs' table."""

from __future__ import annotations

import re
import uuid

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account, Membership, User
from sessions_admin import urls
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.tracking import throttle
from tests.support.browsing import LIST, Browser
from tests.support.factories import PASSWORD, AccountFactory, MembershipFactory, UserFactory
from tests.support.servers import ROOT

pytestmark = pytest.mark.django_db

DOCS = ROOT / "docs" / "security.md"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
PERSONS = (
    "nobody",
    "deactivated",
    "member",
    "demoted",
    "without plan",
    "elsewhere",
    "admin",
    "owner",
    "superuser",
)
VICTIM_IP = "203.0.113.77"
# Parameters sent with every GET, and with every POST.
ASKED = {"since": "2026-01-01T00:00:00+00:00"}
GIVEN = {"keep_current": "on", "password": PASSWORD, "format": "csv"}


def table():
    """Return the docs' table: (URL, method) -> person -> outcome."""
    found = {}
    for line in DOCS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == len(PERSONS) + 2 and cells[0].startswith("`"):
            found[cells[0].strip("`"), cells[1]] = dict(zip(PERSONS, cells[2:], strict=True))
    return found


@pytest.fixture
def victim(acme):
    mia = MembershipFactory(user__name="Mia Member", account=acme).user
    browser = Browser(ip=VICTIM_IP).sign_in(mia)
    return TrackedSession.objects.get(session_key=browser.key)


@pytest.fixture
def termination(acme):
    """A termination in Acme, of another session of the same person."""
    admin = MembershipFactory(user__name="Ann Earlier", account=acme, role="admin").user
    ended = Browser(ip=VICTIM_IP).sign_in(MembershipFactory(account=acme).user)
    row = TrackedSession.objects.get(session_key=ended.key)
    Browser().sign_in(admin).post(f"{LIST}{row.public_id}/terminate/")
    return Termination.objects.get()


@pytest.fixture
def sign_in(acme):
    """Return a function that signs a kind of person in, then makes the change that defines it."""

    def browser_of(person):
        if person == "nobody":
            return Browser()
        if person == "superuser":
            return Browser().sign_in(UserFactory(is_superuser=True))
        account = AccountFactory(name="Globex") if person == "elsewhere" else acme
        role = person if person in {"member", "owner"} else "admin"
        user = MembershipFactory(user__name="Pat Person", account=account, role=role).user
        browser = Browser().sign_in(user)
        # update() sends no signal, so the session stays in the store.
        if person == "deactivated":
            User.objects.filter(pk=user.pk).update(is_active=False)
        elif person == "demoted":
            Membership.objects.filter(user=user).update(role="member")
        elif person == "without plan":
            Account.objects.filter(pk=acme.pk).update(plan="starter")
        return browser

    return browser_of


def address_of(name, victim, termination):
    pattern = next(p for p in urls.urlpatterns if p.name == name)
    if not pattern.pattern.converters:
        return reverse(f"sessions_admin:{name}")
    about = termination if name in {"termination_log_entry", "progress"} else victim
    return reverse(f"sessions_admin:{name}", args=[about.public_id])


def outcome(answer, method, victim):
    """Return the outcome in the words of the table."""
    ended = not TrackedSession.objects.filter(pk=victim.pk, ended_at=None).exists()
    if answer.status_code == 302 and answer["Location"].startswith("/accounts/login/"):
        return "sign in" if not ended else "ends"
    if answer.status_code == 302:
        return "ends" if ended else "302"
    assert not ended
    body = answer.getvalue().decode()
    if method == "GET" and "Upgrade to see " in body:
        return "locked"
    return str(answer.status_code)


def test_every_address_has_a_row():
    assert {name for name, _ in table()} == {pattern.name for pattern in urls.urlpatterns}


@pytest.mark.parametrize("person", PERSONS)
def test_what_happens_is_what_the_docs_say(person, sign_in, victim, termination):
    rows = table()
    browser = sign_in(person)
    key = browser.cookies.get("sessionid")
    for pattern in urls.urlpatterns:
        address = address_of(pattern.name, victim, termination)
        for method in METHODS:
            expected = rows.get((pattern.name, "GET" if method == "HEAD" else method), {})
            said = expected.get(person, "405")
            # Changes are rolled back, so that each person starts from the same state.
            with transaction.atomic():
                throttle.forget()
                data = GIVEN | {"session": victim.public_id} if method == "POST" else ASKED
                answer = getattr(browser, method.lower())(address, data)
                found = outcome(answer, method, victim)
                transaction.set_rollback(True)
            if key:
                browser.cookies["sessionid"] = key.value
            if method == "HEAD":
                said = said.replace("locked", "200")
                assert not answer.getvalue()
            assert found == said, f"{method} {pattern.name} as {person}"
            if said in {"sign in", "403", "404", "405", "locked", "302"}:
                for fact in ("Mia Member", victim.user.email, VICTIM_IP, "Ann Earlier"):
                    assert fact not in answer.content.decode(), f"{method} {pattern.name}"


@pytest.mark.parametrize("person", ["member", "elsewhere", "without plan"])
def test_an_id_outside_the_scope_answers_as_one_that_was_never_given_out(
    person, sign_in, victim, termination
):
    browser = sign_in(person)
    for pattern in urls.urlpatterns:
        if not pattern.pattern.converters:
            continue
        foreign = address_of(pattern.name, victim, termination)
        unknown = reverse(f"sessions_admin:{pattern.name}", args=[uuid.uuid4()])
        for method in ("get", "post"):
            answers = []
            for address in (foreign, unknown):
                throttle.forget()
                with CaptureQueriesContext(connection) as captured:
                    answers.append(getattr(browser, method)(address))
                answers[-1].statements = len(captured)
            first, second = answers
            assert first.status_code == second.status_code
            assert first.statements == second.statements
            assert dict(first.headers) == dict(second.headers)
            assert _without_token(first) == _without_token(second)


def _without_token(answer):
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
