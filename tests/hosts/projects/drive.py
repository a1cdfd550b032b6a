"""Drive a small project on each of Django's engines: from the sign-in to the cookie used again.

Run as ``python -m projects.drive`` with DJANGO_SETTINGS_MODULE. Prints a line for each engine.
"""

from __future__ import annotations

import io
import re
from html import unescape

import django

django.setup()

from asgiref.sync import async_to_sync  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.contrib.staticfiles import finders  # noqa: E402
from django.core.checks import run_checks  # noqa: E402
from django.core.management import CommandError, call_command  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402
from django.test import AsyncClient, Client, override_settings  # noqa: E402

from sessions_admin.models import Termination, TrackedSession  # noqa: E402
from projects import errors  # noqa: E402

EXAMINED = (get_user_model(), Session, TrackedSession, Termination)
ENGINES = ("db", "cached_db", "cache", "file")
BELOW = getattr(settings, "FORCE_SCRIPT_NAME", None) or ""
LIST = settings.LIST
LINK = re.compile(r'(?:href|action|hx-get)="([^"]*)"')


class Browser:
    """A browser, which reaches the project by WSGI, or by ASGI if its settings say so."""

    def __init__(self):
        self.is_async = getattr(settings, "ASGI", False)
        self.client = AsyncClient() if self.is_async else Client(HTTP_HOST=settings.HOST)

    def get(self, url, **headers):
        return self._send("get", url, headers=headers)

    def post(self, url, data=None):
        return self._send("post", url, data or {})

    def _send(self, method, url, *args, **kwargs):
        # A server strips the path below which it has the project.
        send = getattr(self.client, method)
        send = async_to_sync(send) if self.is_async else send
        return send(url.removeprefix(BELOW), *args, **kwargs)

    def sign_in(self, name):
        data = {settings.SIGN_IN["username"]: name, "password": "secret"}
        answer = self.post(settings.SIGN_IN["url"], data)
        assert answer.status_code == 302, answer.content
        return self

    def who(self):
        return self.get("/me/").content.decode()

    def with_its_cookie(self):
        """Return another browser with the same session cookie."""
        other = Browser()
        name = settings.SESSION_COOKIE_NAME
        other.client.cookies[name] = self.client.cookies[name].value
        return other


def prepare():
    """Check the project, create its tables and two people."""
    if hasattr(settings, "PREPARE"):
        import_string(settings.PREPARE)()
    else:
        call_command("migrate", verbosity=0, run_syncdb=True)
    for alias in set(settings.DATABASES) - {"default"}:
        call_command("migrate", verbosity=0, database=alias)
    found = [f"{message.id}" for message in run_checks() if message.level >= 30]
    assert sorted(found) == sorted(settings.EXPECTED_CHECKS), found
    call_command("makemigrations", "sessions_admin", check=True, dry_run=True, verbosity=0)
    people = get_user_model()._default_manager
    names = {name: f"{name}@example.com" for name in ("olga", "ana")}
    if people.model.USERNAME_FIELD == "email":
        people.create_superuser(names["olga"], "secret")
        people.create_user(names["ana"], "secret")
        return names["olga"], names["ana"]
    people.create_superuser("olga", names["olga"], "secret")
    people.create_user("ana", names["ana"], "secret")
    return "olga", "ana"


def story(olga_name, ana_name, *, with_all_links):
    """One admin and one person: listed, terminated, refused."""
    refused_without_sign_in(Browser().get(LIST))
    part = Browser().get(LIST, **{"HX-Request": "true", "HX-Target": "sa-sessions"})
    assert part.status_code in (200, 403), part.status_code
    assert "HX-Redirect" in part.headers or part.status_code == 403
    olga, ana = Browser().sign_in(olga_name), Browser().sign_in(ana_name)
    assert ana.who() == ana_name
    assert ana.get(LIST).status_code == 403
    assert ana.get(f"{LIST}own/").status_code == 200
    page = olga.get(LIST)
    assert page.status_code == 200
    assert ana_name in page.content.decode()
    if with_all_links:
        crawl(olga, page)
    stolen = ana.with_its_cookie()
    assert stolen.who() == ana_name
    row = TrackedSession.objects.get(user__pk=pk_of(ana_name), ended_at=None)
    address = f"{LIST}{row.public_id}/terminate/"
    assert olga.get(address).status_code == 200
    answer = olga.post(address)
    assert answer["Location"] == BELOW + LIST, answer["Location"]
    assert stolen.who() == "nobody"
    assert ana.who() == "nobody"
    row.refresh_from_db()
    assert row.end_reason == "terminated"
    assert row.reuse_count, "the reuse is not noted"
    assert ana_name not in table_of(olga.get(LIST))
    ana.sign_in(ana_name)
    answer = olga.post(f"{LIST}terminate-all/", {"keep_current": "on"})
    for _ in range(10):
        if "/progress/" in answer["Location"]:
            answer = olga.get(answer["Location"])
            if answer.status_code == 302:
                break
    assert ana.who() == "nobody"
    assert olga.who() == olga_name
    assert not TrackedSession.objects.filter(user__pk=pk_of(ana_name), ended_at=None)
    olga.post("/logout/")
    assert olga.who() == "nobody"


def examine():
    """Run the doctor, which has to leave nothing behind."""
    before = [model.objects.count() for model in EXAMINED]
    options = {"list_url": LIST} if "sessions_admin.W010" in settings.EXPECTED_CHECKS else {}
    printed = io.StringIO()
    try:
        call_command("sessions_admin_doctor", host=settings.HOST, stdout=printed, **options)
        passes = True
    except CommandError:
        passes = False
    assert passes == ("sessions_admin.E007" not in settings.EXPECTED_CHECKS), printed.getvalue()
    assert [model.objects.count() for model in EXAMINED] == before


def refused_without_sign_in(answer):
    if "sessions_admin.E007" in settings.EXPECTED_CHECKS:
        assert answer.status_code == 403
    else:
        assert answer["Location"] == f"{BELOW}{settings.SIGN_IN['url']}?next={BELOW}{LIST}", answer[
            "Location"
        ]


def crawl(browser, page):
    """Open every link of the pages, up to two clicks away, and look for their static files."""
    seen, waiting = set(), links_of(page)
    for _click in range(2):
        found = set()
        for url in waiting - seen:
            answer = browser.get(url)
            assert answer.status_code in (200, 302, 405), (url, answer.status_code)
            found |= links_of(answer) if answer.status_code == 200 else set()
        seen |= waiting
        waiting = found
    assert len({url.partition("?")[0] for url in seen}) > 5, seen
    html = page.content.decode()
    for url in re.findall(r'(?:src|href)="([^"]+\.(?:css|js))"', html):
        assert url.startswith(f"{BELOW}/static/"), url
        assert finders.find(url.removeprefix(f"{BELOW}/static/")), url


def links_of(page):
    html = page.content.decode()
    urls = {unescape(url) for url in LINK.findall(html)}
    return {url for url in urls if url.startswith("/") and "/static/" not in url}


def table_of(page):
    return page.content.decode().partition("<tbody")[2].partition("</tbody")[0]


def pk_of(name):
    return get_user_model()._default_manager.get_by_natural_key(name).pk


if __name__ == "__main__":
    names = prepare()
    for engine in ENGINES:
        with override_settings(SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}"):
            story(*names, with_all_links=engine == ENGINES[0])
            if hasattr(settings, "MORE"):
                import_string(settings.MORE)(Browser, *names)
            examine()
        print(engine)
    assert errors.kept == [], errors.kept
    assert TrackedSession.objects.count() >= 2 * len(ENGINES)
