"""The data of many sessions is decoded as Django decodes that of one."""

from __future__ import annotations

import pytest
from django.contrib.sessions.backends.db import SessionStore

from sessions_admin import engines

SESSIONS = {
    "small": {"_auth_user_id": "1"},
    "large": {"text": "long " * 200, "name": "Łódź"},
    "empty": {},
}


@pytest.fixture(params=SESSIONS)
def data(request):
    return SESSIONS[request.param]


def decode(encoded):
    return engines.current().decoder()(encoded)


def test_what_django_encodes(data):
    encoded = SessionStore().encode(data)
    assert decode(encoded) == SessionStore().decode(encoded) == data


def test_a_former_key(data, settings):
    encoded = SessionStore().encode(data)
    settings.SECRET_KEY, former = "another", settings.SECRET_KEY
    assert decode(encoded) == {}
    settings.SECRET_KEY_FALLBACKS = [former]
    assert decode(encoded) == data


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
        lambda text: "x" + text,
        lambda text: text.replace(":", ""),
        lambda text: text.partition(":")[0],
        lambda _text: "",
        lambda _text: "é:ü:ß",
        lambda _text: "::",
    ],
)
def test_what_was_not_signed_is_an_empty_session(change):
    encoded = change(SessionStore().encode({"_auth_user_id": "1"}))
    assert decode(encoded) == SessionStore().decode(encoded) == {}
