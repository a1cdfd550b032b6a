"""System checks report a configuration in which the page could not work as promised."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.test import override_settings

from sessions_admin import conf
from tests.support.servers import ROOT

TRACKER = "sessions_admin.middleware.TrackedSessionMiddleware"


def ids():
    return [found.id for found in run_checks(tags=["sessions_admin"])]


def test_the_site_is_set_up_right():
    assert ids() == []


def test_missing_app():
    left = [name for name in settings.INSTALLED_APPS if name != "django_htmx"]
    with override_settings(INSTALLED_APPS=left):
        assert ids() == ["sessions_admin.E005"]


def test_missing_middleware(settings):
    settings.MIDDLEWARE = [m for m in settings.MIDDLEWARE if m != TRACKER]
    assert ids() == ["sessions_admin.E001"]


SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"


class SessionsOfSomebody:
    """Provides sessions without being a subclass of Django's."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.session = {}
        return self.get_response(request)


def users_of_somebody(get_response):
    def middleware(request):
        request.user = None
        return get_response(request)

    return middleware


class KeepsSomethingElse:
    """Has an attribute of that name for something else."""

    def __init__(self, get_response):
        self.session = get_response


def placed(*, first=(), without=(), after=SESSIONS):
    others = [m for m in settings.MIDDLEWARE if m not in (TRACKER, *without)]
    at = others.index(after) + 1 if after else 0
    return [*others[:at], *first, TRACKER, *others[at:]]


@pytest.mark.parametrize("before", [(), [f"{__name__}.KeepsSomethingElse"]])
def test_middleware_before_sessions(settings, before):
    settings.MIDDLEWARE = [*before, *placed(after=None)]
    assert ids() == ["sessions_admin.E002"]


@pytest.mark.parametrize("name", [SESSIONS, AUTHENTICATION])
def test_nobody_provides_sessions_or_users(settings, name):
    settings.MIDDLEWARE = placed(without=[name], after=None)
    (found,) = run_checks(tags=["sessions_admin"])
    assert found.id == "sessions_admin.E002"
    assert name in found.hint


def test_middleware_not_right_after_sessions(settings):
    settings.MIDDLEWARE = placed(after=AUTHENTICATION)
    (found,) = run_checks(tags=["sessions_admin"])
    assert found.id == "sessions_admin.W011"
    assert AUTHENTICATION in found.msg
    assert SESSIONS in found.hint


def test_providers_of_other_projects_will_do(settings):
    own = [f"{__name__}.SessionsOfSomebody"]
    settings.MIDDLEWARE = placed(first=own, without=[SESSIONS], after=None)
    assert ids() == []
    own.append(f"{__name__}.users_of_somebody")
    settings.MIDDLEWARE = [own[0], TRACKER, own[1]]
    assert ids() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"PAGE_SIZES": 10},
        {"PAGE_SIZE": 0},
        {"PAGE_SIZE": "50"},
        {"ACTIVITY_INTERVAL": True},
        {"REAUTHENTICATION_AGE": 0},
        {"REAUTHENTICATION_URL": "no_such_page"},
        {"REAUTHENTICATION_URL": None},
        {"RETENTION_DAYS": -1},
        {"IDLE_TIMEOUT": "30"},
        {"MAX_LIFETIME": -1},
        {"MASK_ADDRESSES_AFTER_DAYS": 1.5},
        {"ACCOUNT_RESOLVER": "nowhere.to.be.found"},
        {"ACCOUNT_RESOLVER": 3},
        {"ADMINISTERED_ACCOUNTS": "accounts.access.SESSION_ENTRY"},
        {"APPLICATIONS": []},
        {"APPLICATIONS": "web"},
        {"APPLICATIONS": [{"id": "web"}]},
        {"APPLICATIONS": [{"id": "web", "name": "A"}, {"id": "web", "name": "B"}]},
        "not a dictionary",
    ],
    ids=str,
)
def test_wrong_settings_each_have_a_hint(settings, wrong):
    settings.SESSIONS_ADMIN = wrong
    (found,) = run_checks(tags=["sessions_admin"])
    assert found.id == "sessions_admin.E003"
    assert found.hint


def test_signed_cookies_cannot_be_ended(settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    assert ids() == ["sessions_admin.E004"]


@pytest.mark.parametrize("engine", ["cache", "cached_db"])
def test_cache_of_one_process_behind_the_sessions(settings, engine, redis_url):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    assert settings.DEBUG is False
    assert ids() == ["sessions_admin.W001"]
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_url}
    settings.CACHES = {"default": redis}
    assert ids() == []


def test_geoip_path_that_does_not_open(settings, tmp_path):
    for path in (tmp_path / "none.mmdb", tmp_path / "broken.mmdb"):
        settings.GEOIP_PATH = str(path)
        assert ids() == ["sessions_admin.W002"]
        (tmp_path / "broken.mmdb").write_bytes(b"not a database")


def test_the_docs_name_every_setting_with_its_default_and_what_it_does():
    docs = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    of_the_app = docs.partition("## The site")[0]
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*) \|$", of_the_app, re.MULTILINE))
    for field in fields(conf.Conf):
        shown = rows[field.name.upper()]
        assert field.metadata["doc"] in shown
        assert f"`{getattr(conf.Conf(), field.name)!r}`" in shown
