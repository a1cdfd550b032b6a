"""Requests with session keys that nobody has store nothing, not even those that sign out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.conf import settings as site
from django.core.cache import cache

from sessions_admin import engines
from sessions_admin.engines.base import REFUSED_PREFIX, digest
from sessions_admin.models import TrackedSession
from tests.support.browsing import Browser
from tests.support.engines import engine  # noqa: F401
from tests.support.factories import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


def sign_out(key: str, address: str) -> None:
    browser = Browser()
    browser.cookies["sessionid"] = key
    body = json.dumps({})
    assert browser.post(address, body, content_type="application/json").status_code in (204, 302)


def is_refused(key: str) -> bool:
    if site.SESSION_ENGINE.endswith("file"):
        return (Path(site.SESSION_FILE_PATH) / (REFUSED_PREFIX + digest(key))).exists()
    return REFUSED_PREFIX + digest(key) in cache


@pytest.mark.parametrize("address", ["/api/mobile/sign-out/", "/accounts/logout/"])
def test_made_up_key_is_not_refused(address):
    sign_out("m" * 32, address)
    assert not is_refused("m" * 32)


@pytest.mark.parametrize("address", ["/api/mobile/sign-out/", "/accounts/logout/"])
def test_key_of_a_session_is(address):
    browser = Browser().sign_in(MembershipFactory().user)
    key = browser.key
    sign_out(key, address)
    row = TrackedSession.objects.get()
    assert row.end_reason == TrackedSession.EndReason.SIGNED_OUT
    assert is_refused(key) or not engines.current().keeps_refusals
    assert not browser.is_signed_in()


@pytest.mark.parametrize("engine", ["db", "cached_db-redis", "cache-redis", "file"], indirect=True)
def test_session_that_the_store_has_lost_is_signed_out_all_the_same():
    browser = Browser().sign_in(MembershipFactory().user)
    engines.current().delete_many([browser.key])
    sign_out(browser.key, "/api/mobile/sign-out/")
    row = TrackedSession.objects.get()
    assert row.end_reason == TrackedSession.EndReason.SIGNED_OUT
    assert is_refused(browser.key) or not engines.current().keeps_refusals


@pytest.mark.parametrize("address", ["/", "/accounts/login/", "/api/mobile/me/"])
def test_nor_does_any_other_request(address):
    browser = Browser()
    browser.cookies["sessionid"] = "m" * 32
    browser.get(address)
    assert not is_refused("m" * 32)
