"""Settings from the environment, and the requirements of production."""

from __future__ import annotations

import re
import socket
import subprocess

import pytest

from accounts.demo.people import PASSWORD
from accounts.models import Account, User
from tests.support.servers import free_port, manage

pytestmark = pytest.mark.once

LOCAL = {"DEBUG": "1"}
PRODUCTION = {
    "SECRET_KEY": "x3Jm0-Zk8v_QpLr5tYw2uNc7bHs4eGdAiKfOjRlTqVnWzMyXPCa",
    "ALLOWED_HOSTS": "sessions.example",
}


class TestWrongSettings:
    """Each fails with one sentence that names the variable, without a stack trace."""

    @pytest.mark.parametrize(
        ("environment", "variable"),
        [
            ({}, "SECRET_KEY"),
            ({"DEBUG": "maybe"}, "DEBUG"),
            (LOCAL | {"DATABASE_URL": "foo"}, "DATABASE_URL"),
            (LOCAL | {"DATABASE_URL": "mysql://ada:s3cret@host/name"}, "DATABASE_URL"),
            (LOCAL | {"DATABASE_URL": "postgresql://ada:s3cret@host:port/name"}, "DATABASE_URL"),
            (LOCAL | {"DATABASE_URL": "postgresql://ada:s3cret@host"}, "DATABASE_URL"),
            (LOCAL | {"DATABASE_URL": "sqlite://"}, "DATABASE_URL"),
            (LOCAL | {"REDIS_URL": "http://:s3cret@host"}, "REDIS_URL"),
            (LOCAL | {"SESSION_ENGINE": "cookies"}, "SESSION_ENGINE"),
            (LOCAL | {"SESSION_ENGINE": "cache"}, "REDIS_URL"),
            (LOCAL | {"EMAIL_URL": "pigeon://ada:s3cret@host"}, "EMAIL_URL"),
            (LOCAL | {"SECURE_TLS": "perhaps"}, "SECURE_TLS"),
            (LOCAL | {"SECURE_HSTS_SECONDS": "-1"}, "SECURE_HSTS_SECONDS"),
            (LOCAL | {"SECURE_PROXY_SSL_HEADER": "X-Proto"}, "SECURE_PROXY_SSL_HEADER"),
        ],
    )
    def test_stop_every_command(self, environment, variable):
        answer = manage("check", **environment)
        assert variable in the_sentence(answer)

    @pytest.mark.parametrize(
        ("environment", "variable"),
        [
            ({"DATABASE_URL": "postgresql://ada:s3cret@127.0.0.1:1/name"}, "DATABASE_URL"),
            ({"DATABASE_URL": "sqlite:////proc/no/such/folder"}, "DATABASE_URL"),
            ({"REDIS_URL": "redis://:s3cret@127.0.0.1:1/0"}, "REDIS_URL"),
        ],
    )
    def test_servers_that_do_not_answer_stop_the_preparation(self, environment, variable, tmp_path):
        here = {"DATABASE_URL": f"sqlite:///{tmp_path}/site.sqlite3"}
        answer = manage("prepare_site", "--port", "0", **LOCAL | here | environment)
        assert "PORT" in the_sentence(answer)
        answer = manage("prepare_site", "--port", str(free_port()), **LOCAL | here | environment)
        assert variable in the_sentence(answer)

    def test_a_server_that_does_not_answer_stops_other_commands_too(self):
        url = "postgresql://ada:s3cret@127.0.0.1:1/name"
        assert "DATABASE_URL" in the_sentence(manage("migrate", DATABASE_URL=url, **LOCAL))

    def test_a_port_in_use_is_named(self, tmp_path):
        with socket.create_server(("127.0.0.1", 0)) as occupied:
            port = str(occupied.getsockname()[1])
            assert f"Port {port} " in the_sentence(manage("prepare_site", "--port", port, **LOCAL))


class TestProduction:
    def test_deployment_checks_find_nothing(self):
        answer = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
        assert (answer.returncode, answer.stderr) == (0, "")
        assert "no issues" in answer.stdout

    def test_pages_are_served_over_tls_with_strict_headers(self, tmp_path):
        url = f"sqlite:///{tmp_path}/site.sqlite3"
        prepared = manage(
            "prepare_site", "--port", str(free_port()), DATABASE_URL=url, **PRODUCTION
        )
        assert prepared.returncode == 0, prepared.stderr
        ask = (
            "from django.test import Client; client = Client(headers={'host': 'sessions.example'});"
            "plain = client.get('/accounts/login/'); print(plain.status_code, plain['Location']);"
            "page = client.get('/accounts/login/', secure=True); print(page.status_code);"
            "print(page.headers); print(page.cookies)"
        )
        answer = manage("shell", "--no-imports", "-c", ask, DATABASE_URL=url, **PRODUCTION)
        assert answer.returncode == 0, answer.stderr
        said = answer.stdout
        assert "301 https://sessions.example/accounts/login/" in said
        assert "default-src 'none'" in said
        assert "unsafe" not in said
        assert "'X-Frame-Options': 'DENY'" in said
        assert "'Referrer-Policy': 'same-origin'" in said
        assert "'Strict-Transport-Security': 'max-age=31536000'" in said
        assert re.search(r"csrftoken=.*Secure", said)

    def test_servers_are_used_as_named(self):
        ask = (
            "from django.conf import settings; database = settings.DATABASES['default'];"
            "print(database['ENGINE'], database['NAME'], database['CONN_HEALTH_CHECKS']);"
            "print(settings.SESSION_ENGINE, settings.CACHES['default']['BACKEND'])"
        )
        urls = {"DATABASE_URL": "postgresql://ada@host/name", "REDIS_URL": "redis://host/1"}
        answer = manage("shell", "--no-imports", "-c", ask, **PRODUCTION | urls)
        assert answer.stdout.splitlines() == [
            "django.db.backends.postgresql name True",
            "django.contrib.sessions.backends.cached_db "
            "django.core.cache.backends.redis.RedisCache",
        ]


@pytest.mark.django_db(transaction=True)
def test_the_django_admin_works_under_the_content_security_policy(page):
    User.objects.create_superuser("operator@example.com", PASSWORD, name="Robin Meyer")
    account = Account.objects.create(name="Acme")
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/admin/")
    page.get_by_label("Email address").fill("operator@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    for address in (
        "/admin/accounts/user/",
        "/admin/accounts/user/add/",
        "/admin/accounts/account/",
        "/admin/sessions_admin/trackedsession/",
    ):
        assert page.goto(address).ok, address
    page.goto(f"/admin/accounts/account/{account.pk}/change/")
    page.get_by_label("Name").fill("Acme Instruments")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/accounts/account/")
    account.refresh_from_db()
    assert account.name == "Acme Instruments"
    assert [text for text in complaints if "Content Security Policy" in text] == []


def the_sentence(answer: subprocess.CompletedProcess[str]) -> str:
    """Return a failed command's error, after checking that it is one line without secrets."""
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "s3cret" not in answer.stdout + answer.stderr
    (line,) = answer.stderr.splitlines()
    return line
