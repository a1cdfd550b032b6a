"""Names and searches with markup, control characters or forged log lines."""

from __future__ import annotations

import json
import logging
import re
from urllib.parse import quote, urlencode

import pytest

from accounts.models import Membership, User
from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import LIST, Browser
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
MARKUP = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{ 7 }}{% csrf_token %}"""
OVERRIDES = "\u202enimda\u202c\u2066\u200f"
CONTROLS = re.compile(r"[\0\x1b\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
FORGED = "Ana\r\n2026-05-03 INFO sessions_admin: nobody\u2028did\x1b[2Kit"
NAMES_OF_PEOPLE = {
    "markup": MARKUP,
    "overrides": f"Ana {OVERRIDES}",
    "forged lines": FORGED,
    "long": "Ω" * 150,
    "right to left": "עברית (Chrome)",
    "formula": '=HYPERLINK("http://evil.example")',
}


@pytest.mark.parametrize("name", NAMES_OF_PEOPLE.values(), ids=NAMES_OF_PEOPLE)
def test_names_are_text_in_one_line_and_one_direction_wherever_they_are_shown(name, caplog):
    boss = MembershipFactory(user__name=name, account__name=name, role=Membership.Role.OWNER)
    admin = Browser().sign_in(boss.user)
    member = MembershipFactory(account=boss.account).user
    # Saved directly, as in a host whose table accepts any name.
    User.objects.filter(pk=member.pk).update(name=name)
    user_agent = f"{name} Chrome/126 {'x' * 10_000}".encode(errors="replace").decode("latin-1")
    visitor = Browser(user_agent=user_agent.replace("\r\n", "\t")).sign_in(member)
    row = TrackedSession.objects.get(user=member)
    TrackedSession.objects.filter(pk=row.pk).update(city=MARKUP[:100])
    caplog.set_level(logging.INFO, "sessions_admin")

    pages = [
        admin.get(page)
        for page in (
            *(LIST, f"{LIST}?user={member.pk}", f"{LIST}?account={boss.account.pk}"),
            *(f"{LIST}{row.public_id}/", f"{LIST}{row.public_id}/terminate/"),
            *(f"{LIST}terminate-all/", f"{LIST}own/"),
            *("/", "/accounts/choose/", "/account-management/"),
        )
    ]
    reason = {"reason": f"{name}\n{OVERRIDES}"}
    pages.append(admin.post(f"{LIST}{row.public_id}/terminate/", reason, follow=True))
    termination = Termination.objects.get()
    pages += [
        admin.get(f"{LIST}termination-log/"),
        admin.get(f"{LIST}termination-log/{termination.public_id}/"),
    ]

    assert not visitor.is_signed_in()
    for page in pages:
        text = page.content.decode()
        assert page.status_code == 200, page.request
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert not CONTROLS.search(text), page.request
    assert caplog.messages
    for message in caplog.messages:
        assert len(message.splitlines()) == 1
        assert not CONTROLS.search(message)


@pytest.mark.parametrize("query", [MARKUP, OVERRIDES, FORGED, "a\0b", "Ω" * 10_000])
def test_a_search_for_anything_is_text_on_the_page_and_finds_nothing(query):
    admin = Browser().sign_in(UserFactory(is_superuser=True))
    for name in ("q", "account", "user", "application"):
        page = admin.get(f"{LIST}?{urlencode({name: query})}")
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
        assert "<img src=x" not in page.content.decode()


def test_wrong_email_addresses_forge_no_line_of_the_log(caplog):
    with caplog.at_level(logging.DEBUG):
        for address in (FORGED, f"a@b.example\n{OVERRIDES}"):
            Browser(user_agent="x\ty").post(
                "/accounts/login/", {"username": address, "password": FORGED}
            )
            body = json.dumps({"email": address, "password": FORGED})
            Browser().post("/api/mobile/sign-in/", body, content_type="application/json")
            Browser().get("/" + quote(address))
    assert caplog.records
    for record in caplog.records:
        if record.name.startswith(("django.db", "django.template")):
            continue
        assert len(record.getMessage().splitlines()) == 1, record.getMessage()
