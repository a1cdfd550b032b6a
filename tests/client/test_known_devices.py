"""The devices that a process remembers by their user agents and hints."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from sessions_admin.client import client_of, devices, facts_of, user_agent
from tests.support.browsing import IPHONE, WINDOWS

REDUCED = WINDOWS.replace("Windows NT 10.0; Win64; x64", "Linux; Android 10; K")


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(devices, "_known", {})


@pytest.fixture
def readings(monkeypatch):
    """Count how often a user agent is parsed."""
    times = []
    engine = user_agent._engine()
    monkeypatch.setattr(user_agent, "_engine", lambda: times.append(1) or engine)
    return times


def request_of(text, **hints):
    sent = {f"Sec-CH-UA-{name}": f'"{value}"' for name, value in hints.items()}
    return RequestFactory(HTTP_USER_AGENT=text).post("/", headers=sent)


def device(text, **hints):
    return facts_of(client_of(request_of(text, **hints)))["device"]


def test_the_same_browser_is_parsed_once(readings):
    assert [device(IPHONE), device(IPHONE), device(IPHONE)] == ["iPhone"] * 3
    assert len(readings) == 1


def test_other_hints_are_another_device():
    models = ["Pixel 8 Pro", "Pixel 7", "Pixel 8 Pro"]
    assert [device(REDUCED, Platform="Android", Model=model) for model in models] == models


def test_what_is_remembered_cannot_be_changed_through_a_row():
    facts_of(client_of(request_of(IPHONE)))["device"] = "changed"
    assert device(IPHONE) == "iPhone"


def test_endless_other_user_agents_are_not_all_kept(monkeypatch):
    monkeypatch.setattr(devices, "KNOWN", 10)
    for number in range(35):
        device(f"Mozilla/5.0 (X11; Linux x86_64) {'long' * 1000} Stranger/{number}")
        device(f"{IPHONE} {number}", Model="long" * 1000)
        assert len(devices._known) <= 10
    assert all(len(text) <= 1000 and hints.model == "" for text, hints in devices._known)


def test_a_failure_is_not_remembered(monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(user_agent, "_engine", lambda: 1 / 0)
        assert device(IPHONE) == ""
    assert device(IPHONE) == "iPhone"


def test_a_view_that_asks_shares_the_reading(readings):
    request = request_of(IPHONE)
    assert user_agent.user_agent_of(request).is_mobile
    assert facts_of(client_of(request))["device"] == "iPhone"
    assert len(readings) == 1
