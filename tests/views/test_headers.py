"""Security headers of each page, and values in requests that must not affect the answer."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client

from accounts.models import Account
from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import LIST, Browser
from tests.support.factories import MembershipFactory
from tests.support.servers import manage

pytestmark = pytest.mark.django_db

GOOD_KEY = "x3Jm0-Zk8v_QpLr5tYw2uNc7bHs4eGdAiKfOjRlTqVnWzMyXPCa"
# These are about the signed-in person.
FOR_EVERYBODY = (LIST + "own/", LIST + "confirm-password/")
# One for each page of the app; {} stands for an existing session or termination.
PAGES = (
    LIST,
    LIST + "?q=nobody",
    LIST + "{session}/terminate/",
    LIST + "terminate-all/",
    LIST + "termination-log/",
    LIST + "termination-log/{termination}/",
    *FOR_EVERYBODY,
    LIST + f"{uuid.uuid4()}/terminate/",
    LIST + f"termination-log/{uuid.uuid4()}/",
)


@pytest.fixture
def admin(acme):
    return Browser().sign_in(MembershipFactory(account=acme, role="admin").user)


@pytest.fixture
def addresses(admin, acme):
    ended = Browser().sign_in(MembershipFactory(account=acme).user)
    row = TrackedSession.objects.get(session_key=ended.key)
    admin.post(f"{LIST}{row.public_id}/terminate/")
    own = TrackedSession.objects.get(session_key=admin.key)
    termination = Termination.objects.get()
    return [page.format(session=own.public_id, termination=termination.public_id) for page in PAGES]


def expect_strict(answer):
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "form-action 'self'" in policy
    assert not re.search(r"unsafe|\*|data:|https?:", policy)
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]
    body = answer.content.decode()
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", body)
    assert not re.search(r"(src|href|action)=\"(https?:)?//", body)


def test_every_page_for_an_admin(admin, addresses):
    for address in addresses:
        expect_strict(admin.get(address))


def test_every_refusal(acme, addresses):
    """403 for a member, and the locked page without the plan: both are private, too."""
    member = Browser().sign_in(MembershipFactory(account=acme).user)
    owner = Browser().sign_in(MembershipFactory(account=acme, role="owner").user)
    addresses = [address for address in addresses if address not in FOR_EVERYBODY]
    for address in addresses:
        refused = member.get(address)
        assert refused.status_code == 403
        expect_strict(refused)
    Account.objects.update(plan="starter")
    for address in addresses:
        expect_strict(owner.get(address))
        assert owner.post(address).status_code in {403, 405}


def test_answers_that_lead_elsewhere_are_not_kept_either(addresses):
    for address in addresses:
        answer = Browser().get(address)
        assert answer.status_code == 302
        assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("address", ["/accounts/login/", "/account-management/login/"])
def test_sign_in(client, address):
    expect_strict(client.get(address))


def test_a_project_without_such_middleware_still_keeps_the_pages_private(admin, settings):
    ours = ("XFrameOptions", "SecurityMiddleware")
    settings.MIDDLEWARE = [m for m in settings.MIDDLEWARE if not any(name in m for name in ours)]
    answer = admin.get(LIST)
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    settings.SECURE_REFERRER_POLICY = "no-referrer"
    assert admin.get(LIST)["Referrer-Policy"] == "no-referrer"


def test_cookies_stay_with_the_server(admin):
    for name in ("sessionid", "csrftoken"):
        admin.get("/accounts/login/")
        cookie = admin.cookies[name]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert not cookie["domain"]


@pytest.mark.parametrize("address", ["/accounts/login/", "/accounts/password_reset/", LIST])
def test_a_host_that_is_not_ours_gets_nothing(address):
    answer = Client(headers={"host": "evil.example"}).get(address)
    assert answer.status_code == 400
    assert "evil.example" not in answer.content.decode()


def test_production_sends_cookies_over_tls_only_and_says_so_for_a_year(tmp_path):
    url = f"sqlite:///{tmp_path}/site.sqlite3"
    site = {"SECRET_KEY": GOOD_KEY, "ALLOWED_HOSTS": "sessions.example", "DATABASE_URL": url}
    assert manage("migrate", "-v0", **site).returncode == 0
    assert manage("collectstatic", "--noinput", "-v0", **site).returncode == 0
    ask = (
        "from django.test import Client; from accounts.models import User;"
        "User.objects.create_superuser('olga@example.com', 'a-long-password-9');"
        "client = Client(headers={'host': 'sessions.example'});"
        "fields = {'username': 'olga@example.com', 'password': 'a-long-password-9'};"
        "answer = client.post('/accounts/login/', fields, secure=True);"
        "print(answer['Strict-Transport-Security']); print(answer.cookies);"
        "page = client.get('/account-management/advanced-security/active-user-sessions/',"
        " secure=True); print(page.status_code, page['Strict-Transport-Security']);"
        "print(client.get('/accounts/login/').status_code)"
    )
    answer = manage("shell", "--no-imports", "-c", ask, **site)
    assert answer.returncode == 0, answer.stderr
    said = answer.stdout
    assert re.search(r"__Host-sessionid=.*HttpOnly.*Path=/; SameSite=Lax; Secure", said)
    assert re.search(r"__Host-csrftoken=.*HttpOnly.*Path=/; SameSite=Lax; Secure", said)
    assert "Domain" not in said
    assert "max-age=31536000\n" in said
    assert "200 max-age=31536000\n301\n" in said


@pytest.mark.parametrize(
    "environment",
    [
        {"SECRET_KEY": "short"},
        {"SECRET_KEY": "insecure-development-key"},
        {"SECRET_KEY": "django-insecure-" + GOOD_KEY},
        {"SECRET_KEY": "ab" * 40},
        {"SECRET_KEY": GOOD_KEY, "SECRET_KEY_FALLBACKS": "insecure-development-key"},
    ],
)
def test_production_refuses_to_start_with_a_secret_that_others_know(environment):
    answer = manage("check", **environment)
    assert answer.returncode == 1
    (line,) = answer.stderr.splitlines()
    assert "SECRET_KEY" in line
    assert not any(secret in line for secret in environment.values())


def test_pages_leave_compressed(admin):
    answer = admin.get(LIST, headers={"accept-encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert len(answer.content) < len(admin.get(LIST).content) / 2
