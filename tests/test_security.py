"""Claims of `docs/security.md` that no other file tests; and everything it refers to exists."""

from __future__ import annotations

import ast
import logging
import re
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.urls import reverse

from accounts.models import User
from sessions_admin import conf
from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import LIST, Browser, listed
from tests.support.factories import PASSWORD, MembershipFactory

pytestmark = pytest.mark.django_db

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs" / "security.md"
# The number of requirements in each section of V7 in ASVS 5.0.
SESSION_MANAGEMENT = {"7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 3, "7.6": 2}


def requirements():
    """Return each requirement's number with its claim and the tests that prove it."""
    text = DOCS.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\d.]+) \| \d \| ([a-z ]+) \| .* \|([^|]*)\|$", text, re.MULTILINE)
    return {number: (holds, re.findall(r"`([^`]+)`", tests)) for number, holds, tests in rows}


def names_in(file):
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    found = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = (n.name for n in node.body if isinstance(n, ast.FunctionDef))
            found |= {f"{node.name}::{name}" for name in inner}
    return found


class TestTheTable:
    def test_all_of_session_management_is_answered(self):
        wanted = {f"{s}.{n + 1}" for s, number in SESSION_MANAGEMENT.items() for n in range(number)}
        assert {number for number in requirements() if number.startswith("7.")} == wanted
        assert {holds for holds, _ in requirements().values()} <= {
            "met",
            "partly",
            "not",
            "does not apply",
        }

    def test_what_holds_is_shown_by_tests_that_exist(self):
        for number, (holds, tests) in requirements().items():
            assert bool(tests) == (holds in {"met", "partly"}), number
            for test in tests:
                file, _, name = test.partition("::")
                assert name in names_in(file), f"{number}: {test}"

    def test_it_has_a_row_for_most_that_touch_the_page(self):
        chapters = Counter(number.partition(".")[0] for number in requirements())
        assert set(chapters) == {"3", "6", "7", "8", "16"}


@pytest.fixture
def ada(acme):
    return MembershipFactory(user__name="Ada Admin", account=acme, role="admin").user


@pytest.fixture
def admin(ada):
    return Browser().sign_in(ada)


def test_the_docs_say_how_long_sessions_last():
    text = " ".join(DOCS.read_text(encoding="utf-8").split())
    assert f"`SESSION_COOKIE_AGE` ({settings.SESSION_COOKIE_AGE // 86_400} days here)" in text
    assert conf.Conf().idle_timeout == conf.Conf().max_lifetime == 0
    assert "Both are off unless you set them" in text


def test_any_number_of_sessions_at_the_same_time(admin, ada):
    for _ in range(20):
        Browser().sign_in(ada)
    assert len(listed(admin)) == 21
    assert admin.is_signed_in()


def test_keys_are_random_and_long_enough():
    keys = {SessionStore()._get_new_session_key() for _ in range(2000)}
    assert len(keys) == 2000
    assert {len(key) for key in keys} == {32}
    # At each place all 36 characters are about equally frequent: 32 * log2(36) is 165 bits.
    for place in range(32):
        counted = Counter(key[place] for key in keys)
        assert len(counted) == 36
        assert max(counted.values()) < 2000 / 36 * 2.5


def test_looking_makes_no_session():
    for address in ("/", "/accounts/login/", "/accounts/password_reset/", LIST, "/api/mobile/me/"):
        client = Client()
        client.get(address, follow=True)
        assert "sessionid" not in client.cookies


def test_every_page_has_the_way_out(admin, acme):
    other = Browser().sign_in(MembershipFactory(account=acme).user)
    row = TrackedSession.objects.get(session_key=other.key)
    terminated = Browser().sign_in(MembershipFactory(account=acme).user)
    ended = TrackedSession.objects.get(session_key=terminated.key)
    admin.post(f"{LIST}{ended.public_id}/terminate/")
    termination = Termination.objects.get()
    addresses = [
        reverse(name)
        for name in (
            "home",
            "account_management",
            "choose_account",
            "password_change",
            "sessions_admin:list",
            "sessions_admin:terminate_all",
            "sessions_admin:termination_log",
            "sessions_admin:own",
        )
    ]
    addresses += [f"{LIST}{row.public_id}/", f"{LIST}{row.public_id}/terminate/"]
    addresses += [f"{LIST}termination-log/{termination.public_id}/", "/no-such-page/", "/admin/"]
    for address in addresses:
        page = admin.get(address).content.decode()
        if address == "/admin/":
            page = Browser().sign_in(User.objects.create_superuser("o@example.com", PASSWORD))
            page = page.get(address).content.decode()
        assert re.search(r'<form[^>]*method="post"[^>]*action="[^"]*/logout/"', page), address


def test_no_other_site_may_read_an_answer(admin):
    for address in (LIST, "/api/mobile/me/", "/accounts/login/"):
        for method in ("get", "options"):
            answer = getattr(admin, method)(address, headers={"origin": "https://evil.example"})
            assert not [name for name in answer.headers if name.startswith("Access-Control-")]


@pytest.mark.parametrize("password", ["sh0rt-a", "password1", "ada-admin", "82736450917"])
def test_weak_passwords_are_refused(admin, ada, password):
    fields = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}
    answer = admin.post(reverse("password_change"), fields)
    assert answer.status_code == 200
    assert answer.context["form"].errors["new_password2"]
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


@pytest.fixture
def lines():
    """Collect what the site's own log handler writes."""
    (console,) = (h for h in logging.getLogger().handlers if h.name == "console")
    written = []

    class Written(logging.Handler):
        def emit(self, record):
            written.append(self.format(record))

    handler = Written()
    handler.setFormatter(console.formatter)
    handler.filters = console.filters
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def terminate_newest(admin, user):
    row = TrackedSession.objects.get(session_key=Browser().sign_in(user).key)
    admin.post(f"{LIST}{row.public_id}/terminate/")


def test_log_lines_say_when_where_and_what(admin, ada, acme, lines):
    mia = MembershipFactory(user__name="Mia Member", account=acme).user
    terminate_newest(admin, mia)
    (line,) = (line for line in lines if "terminated sessions" in line)
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000 INFO sessions_admin.termination: ", line)
    assert f"Ada Admin ({ada.email}) terminated sessions: Terminated Mia Member" in line
    assert "ended 1," in line


def test_failed_sign_ins_are_logged(ada, lines):
    fields = {"username": ada.email, "password": "wrong-password"}
    Client(REMOTE_ADDR="203.0.113.5").post("/accounts/login/", fields)
    (line,) = (line for line in lines if " WARNING axes" in line)
    assert "203.0.113.5" in line
    # Some people type their password into the email field.
    assert ada.email not in line
    assert "wrong-password" not in line


def test_refusals_are_logged(acme, lines):
    Browser().sign_in(MembershipFactory(account=acme).user).get(LIST)
    assert any(f"Forbidden (Permission denied): {LIST}" in line for line in lines)


def test_nobody_forges_a_line_of_the_log(admin, acme, lines):
    name = "Mia\n2026-01-01T00:00:00+0000 INFO sessions_admin: all is well\r\u2028x"
    mia = MembershipFactory(user__name=name, account=acme).user
    terminate_newest(admin, mia)
    assert any("terminated sessions" in line for line in lines)
    for line in lines:
        assert len(line.splitlines()) == 1, line


def test_errors_show_nothing_of_the_inside(admin, settings, monkeypatch):
    settings.DEBUG = False
    admin.raise_request_exception = False

    def broken(*args, **kwargs):
        raise RuntimeError("the inside of the thing")

    monkeypatch.setattr("sessions_admin.policy.scope_of", broken)
    answer = admin.get(LIST)
    assert answer.status_code == 500
    body = answer.content.decode()
    assert "RuntimeError" not in body
    assert "the inside" not in body
    assert "Traceback" not in body
