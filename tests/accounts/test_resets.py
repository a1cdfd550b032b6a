"""Password-reset mails: how many are sent, to whom, and what they contain."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import resets
from accounts.models import Allowance
from sessions_admin.project import environment
from tests.support.browsing import Browser
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

RESET = "/accounts/password_reset/"
DONE = "/accounts/password_reset/done/"


def ask(email, *, ip="203.0.113.9", **headers):
    return Browser(ip=ip).post(RESET, {"email": email}, **headers)


def networks():
    """Yield a new network each time."""
    yield from (f"198.51.{a}.{b}" for a in range(256) for b in range(256))


def without_token(answer):
    text = answer.content.decode()
    return "\n".join(line for line in text.splitlines() if "csrf" not in line)


def test_however_often_strangers_ask_a_person_gets_few_mails():
    person = UserFactory()
    for _, ip in zip(range(100), networks(), strict=False):
        assert ask(person.email, ip=ip)["Location"] == DONE
    assert len(mail.outbox) == resets.MAILS_PER_PERSON


@pytest.mark.django_db(transaction=True)
def test_a_hundred_at_the_same_moment_get_no_more():
    person = UserFactory()
    origins = [ip for _, ip in zip(range(100), networks(), strict=False)]

    def one(ip):
        try:
            return ask(person.email, ip=ip).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, origins)) == {302}
    assert len(mail.outbox) == resets.MAILS_PER_PERSON


def test_a_person_gets_mail_where_they_sign_in_whatever_strangers_ask_for():
    person = UserFactory()
    Browser(ip="192.0.2.1").sign_in(person)
    for _, ip in zip(range(10), networks(), strict=False):
        ask(person.email, ip=ip)
    mail.outbox.clear()
    ask(person.email, ip="192.0.2.1")
    assert [letter.to for letter in mail.outbox] == [[person.email]]


def test_the_first_mail_still_leads_to_a_new_password_when_more_were_asked_for():
    person = UserFactory()
    for _, ip in zip(range(10), networks(), strict=False):
        ask(person.email, ip=ip)
    link = re.search(r"http://testserver(/\S+)", mail.outbox[0].body)[1]
    page = Client().get(link, follow=True)
    assert page.context["validlink"]


def test_after_an_hour_a_person_gets_mail_again():
    person = UserFactory()
    for _, ip in zip(range(10), networks(), strict=False):
        ask(person.email, ip=ip)
    mail.outbox.clear()
    Allowance.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    ask(person.email)
    assert len(mail.outbox) == 1


def test_the_answer_does_not_tell_whether_somebody_has_the_address_or_had_enough_mail():
    person = UserFactory()
    for _, ip in zip(range(10), networks(), strict=False):
        ask(person.email, ip=ip)
    answers = [ask(email, ip="192.0.2.7") for email in (person.email, "nobody@example.com")]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, DONE)}


def test_the_same_statements_whether_or_not_mail_is_sent():
    fresh, exhausted = UserFactory(), UserFactory()
    for _, ip in zip(range(10), networks(), strict=False):
        ask(exhausted.email, ip=ip)
    counted = set()
    for email in (fresh.email, exhausted.email, "nobody@example.com"):
        with CaptureQueriesContext(connection) as asked:
            ask(email, ip="192.0.2.7")
        counted.add(len(asked))
    assert len(counted) == 1


def test_a_network_that_asks_too_often_waits_and_learns_nothing():
    for number in range(resets.REQUESTS_PER_NETWORK):
        assert ask(f"person-{number}@example.net").status_code == 302
    person = UserFactory()
    answers = [ask(email) for email in (person.email, "nobody@example.com", "no address")]
    for answer in answers:
        assert answer.status_code == 429
        assert answer["Retry-After"] == "3600"
        assert "no-store" in answer["Cache-Control"]
    assert len({without_token(answer) for answer in answers}) == 1
    assert mail.outbox == []
    assert ask(person.email, ip="203.0.113.10").status_code == 302
    assert len(mail.outbox) == 1


def test_an_ipv6_network_counts_as_one():
    for number in range(resets.REQUESTS_PER_NETWORK):
        ask("nobody@example.com", ip=f"2001:db8:1:2::{number + 1:x}")
    assert ask("nobody@example.com", ip="2001:db8:1:2:ffff::1").status_code == 429
    assert ask("nobody@example.com", ip="2001:db8:1:3::1").status_code == 302


def test_what_was_used_up_long_ago_is_not_kept():
    ask("nobody@example.com")
    Allowance.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    ask("nobody@example.com", ip="203.0.113.10")
    assert not Allowance.objects.filter(key__contains="203.0.113.9").exists()
    assert Allowance.objects.count() == 2


# --- What stands in a mail ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_HOST": "testserver:8443"},
        {"HTTP_HOST": "localhost"},
        {"HTTP_HOST": "evil.testserver"},
        {"HTTP_X_FORWARDED_HOST": "evil.example", "HTTP_X_FORWARDED_PORT": "99"},
        {"HTTP_X_FORWARDED_PROTO": "https"},
        {"wsgi.url_scheme": "https"},
        {"SERVER_NAME": "localhost", "SERVER_PORT": "8443"},
    ],
)
def test_nothing_in_a_mail_is_what_its_sender_chose(settings, headers):
    settings.ALLOWED_HOSTS = [".testserver", "localhost"]
    settings.SITE_URL = "https://sessions.example:444"
    settings.DEFAULT_FROM_EMAIL = "noreply@sessions.example"
    person = UserFactory(email="ada@example.com")
    origin = "https" if headers.get("wsgi.url_scheme") else "http"
    ask("ADA@example.com", HTTP_ORIGIN=f"{origin}://{headers.get('HTTP_HOST', 'x')}", **headers)
    (letter,) = mail.outbox
    assert letter.to == [person.email]
    text = f"{letter.subject} {letter.body} {letter.from_email} {letter.extra_headers}"
    hosts = re.findall(r"https?://[^/\s]+", text)
    assert hosts == ["https://sessions.example:444"]
    # The token in the link is random, so it may contain any of these by chance.
    text = re.sub(r"(https://[^/\s]+/[\w/]*/)[\w-]+/", r"\1", text)
    for foreign in ("testserver", "localhost", "8443", "evil", "ADA"):
        assert foreign not in text


def test_a_mail_is_in_the_language_that_the_person_prefers():
    german = UserFactory(language="de")
    ask(german.email, HTTP_ACCEPT_LANGUAGE="ar")
    assert "Passwort" in mail.outbox[0].body
    undecided = UserFactory()
    ask(undecided.email, HTTP_ACCEPT_LANGUAGE="sl")
    assert "geslo" in mail.outbox[1].body


@pytest.mark.parametrize(
    ("given", "hosts", "tls", "expected"),
    [
        ("", ["sessions.example"], True, "https://sessions.example"),
        ("", [".sessions.example", "*", "[::1]"], False, "http://[::1]"),
        ("https://sessions.example:444/", ["other"], False, "https://sessions.example:444"),
        ("http://127.0.0.1:8001", [], True, "http://127.0.0.1:8001"),
    ],
)
def test_where_the_site_is(monkeypatch, given, hosts, tls, expected):
    monkeypatch.setenv("SITE_URL", given)
    assert environment.site_url(hosts=hosts, tls=tls) == expected


@pytest.mark.parametrize(
    "given",
    [
        "",
        "sessions.example",
        "ftp://sessions.example",
        "https://",
        "https://a:b@sessions.example",
        "https://sessions.example/path",
        "https://sessions.example?x=1",
        "https://sessions.example#x",
        "https://sessions.example:port",
    ],
)
def test_where_it_is_not(monkeypatch, given):
    monkeypatch.setenv("SITE_URL", given)
    with pytest.raises(ImproperlyConfigured, match="SITE_URL"):
        environment.site_url(hosts=[".sessions.example", "*"], tls=True)
