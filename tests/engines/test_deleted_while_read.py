"""A session that is deleted while a request reads it does not go on under a new key.

Django's file engine reads the file, and then looks when it was changed. If the file is gone by
then, it returns the data without the key, and saves them under a new one.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.sessions.backends.file import SessionStore

from sessions_admin.models import TrackedSession
from tests.support.browsing import Browser
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

TRACKER = "sessions_admin.middleware.TrackedSessionMiddleware"
READER = "tests.termination.races.test_other_middleware.reads_user"


@pytest.fixture
def deleted_while_read(monkeypatch):
    """Delete each session's file between the two looks that the engine takes at it."""
    last_modification = SessionStore._last_modification

    def delete_first(store):
        Path(store._key_to_file()).unlink()
        return last_modification(store)

    return lambda: monkeypatch.setattr(SessionStore, "_last_modification", delete_first)


@pytest.mark.parametrize("engine", ["file"], indirect=True)
@pytest.mark.parametrize("is_read_before", [False, True])
@pytest.mark.parametrize("address", ["/racing/note/", "/racing/rotate/"])
def test_it_is_gone(settings, engine, deleted_while_read, is_read_before, address):
    settings.ROOT_URLCONF = "tests.support.racing_urls"
    if is_read_before:
        others = [name for name in settings.MIDDLEWARE if name != TRACKER]
        settings.MIDDLEWARE = [*others, READER, TRACKER]
    browser = Browser().sign_in(UserFactory())
    row, key = TrackedSession.objects.get(), browser.key
    deleted_while_read()
    assert browser.get(address).status_code == 401
    row.refresh_from_db()
    assert row.session_key == key
    assert TrackedSession.objects.count() == 1
    # Without a cookie, or with that of an anonymous session.
    assert browser.key != key
