"""Device and browser names, from real user agents and from hostile ones."""

from __future__ import annotations

import time

import pytest
from django.core.cache import caches
from hypothesis import given
from hypothesis import strategies as st

from sessions_admin.client import user_agent
from sessions_admin.client.devices import KINDS, Device, device_of
from sessions_admin.client.hints import ACCEPT_CH, Brand, ClientHints, brand_of
from tests.client.user_agents import Agent, agents

pytestmark = pytest.mark.once

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
CHROME = WINDOWS + "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
CHROME_ON_ANDROID = CHROME.replace("Windows NT 10.0; Win64; x64", "Linux; Android 10; K")
FIREFOX = WINDOWS.replace("x64)", "x64; rv:149.0)") + "Gecko/20100101 Firefox/149.0"
WINDOWS_11 = {"Sec-CH-UA-Platform": '"Windows"', "Sec-CH-UA-Platform-Version": '"15.0.0"'}
PIXEL = {
    "Sec-CH-UA-Platform": '"Android"',
    "Sec-CH-UA-Platform-Version": '"15.0.0"',
    "Sec-CH-UA-Model": '"Pixel 8 Pro"',
}


def device_with(user_agent: str, headers: dict[str, str]) -> Device:
    return device_of(user_agent, ClientHints.read(headers))


class TestTable:
    @pytest.mark.parametrize("agent", agents(), ids=lambda agent: agent.user_agent[-70:])
    def test_names_what_people_know(self, agent: Agent):
        found = device_with(agent.user_agent, agent.headers)
        os = f"{found.os} {found.os_version}".strip()
        said = (found.browser, found.browser_version, os, found.device, found.kind)
        assert said == (agent.browser, agent.version, agent.os, agent.device, agent.kind)

    def test_is_long_and_has_every_kind(self):
        rows = {(agent.user_agent, *agent.headers.items()) for agent in agents()}
        assert len(rows) == len(agents()) >= 150
        assert {agent.kind for agent in agents()} == set(KINDS)


class TestHints:
    def test_every_hint_that_is_asked_for_is_read(self):
        sent = ('"Chromium";v="141"', '"Windows"', "?1")
        for name in ACCEPT_CH.split(", "):
            assert any(ClientHints.read({name: text}) != ClientHints() for text in sent), name

    def test_only_a_chromium_browser_is_believed(self):
        assert device_with(CHROME, WINDOWS_11).device == "Windows 11"
        assert device_with(FIREFOX, WINDOWS_11) == device_of(FIREFOX)

    def test_hints_of_another_system_than_the_user_agent_change_nothing(self):
        assert device_with(CHROME, PIXEL) == device_of(CHROME)
        assert device_with(CHROME_ON_ANDROID, WINDOWS_11) == device_of(CHROME_ON_ANDROID)

    def test_model_without_a_version_leaves_the_version_open(self):
        found = device_with(CHROME_ON_ANDROID, PIXEL | {"Sec-CH-UA-Platform-Version": '""'})
        assert (found.device, found.os, found.os_version) == ("Pixel 8 Pro", "Android", "")

    @pytest.mark.parametrize(
        "sent",
        [
            "",
            "Windows",
            '"Windows',
            '"Windows" "Windows"',
            '("Windows")',
            "11",
            "@1659578233",
            "@99999999999999",
            ":V2luZG93cw==:",
            '"Win\x00dows"',
            '"Windöws"',
            '"\ud800"',
            '"' + "W" * 10_000 + '"',
            '"a", ' * 3000,
        ],
        ids=lambda sent: ascii(sent)[:30],
    )
    def test_malformed_header_is_an_absent_one(self, sent):
        names = ("Full-Version-List", "Platform", "Platform-Version", "Model", "Mobile")
        headers = {f"Sec-CH-UA-{name}": sent for name in names} | {"Sec-CH-UA": sent}
        hints = ClientHints.read(headers)
        assert brand_of(hints) is None
        assert (hints.platform, hints.platform_version, hints.model, hints.mobile) == ("",) * 4
        assert device_of(CHROME, hints) == device_of(CHROME)

    @pytest.mark.parametrize(
        "grease", ["Not/A)Brand", " Not A;Brand", "Not_A Brand", "(Not(A:Brand", "Not?A_Brand"]
    )
    def test_brand_that_is_none_is_ignored(self, grease):
        only = f'"{grease}";v="99"'
        assert brand_of(ClientHints(brands=only)) is None
        found = brand_of(ClientHints(brands=f'{only}, "Chromium";v="141", "Brave";v="141"'))
        assert found == Brand("Brave", "141")


class TestHostileInput:
    STRINGS = [
        "(" * 10_000,
        "Mozilla/5.0 (" + "; " * 5_000 + ")",
        "Android " * 1_250,
        "Mozilla/5.0 (Linux; Android 4.4.2; " + "a b " * 2_500 + " Build",
        "Mozilla/5.0 (Linux; U; Android 1; " + "-" * 10_000,
        "1." * 5_000,
        "a/" * 5_000,
        "\ud800" * 10_000,
        "\x00\x1b[31m\u202e" * 2_500,
        "%00%0a%E2%80%AE%FF" * 20 + "/1",
        "HarmonyOS/1",
        "/",
        "/ /",
        " \t\r\n ",
    ]

    def test_costs_no_more_than_its_first_thousand_characters(self):
        device_of("curl/8.5.0")
        begin = time.perf_counter()
        found = [device_of(text) for text in self.STRINGS]
        assert time.perf_counter() - begin < 2
        assert found == [device_of(text[:1000]) for text in self.STRINGS]

    def test_no_backtracking_expression_is_tried(self, monkeypatch):
        monkeypatch.setattr("user_agents.parsers.user_agent_parser.Parse", lambda text: 1 / 0)
        monkeypatch.setattr("ua_parser.basic.Resolver.__call__", lambda *args: 1 / 0)
        assert device_of("curl/8.5.0").browser == "curl"

    @given(
        st.text(max_size=1200) | st.sampled_from(STRINGS),
        st.dictionaries(
            st.sampled_from(["Sec-CH-UA", "Sec-CH-UA-Mobile", *ACCEPT_CH.split(", ")]),
            st.text(max_size=600) | st.from_regex(r'"[ -~]{0,99}"(;v="[ -~]{0,60}")?'),
        ),
    )
    def test_texts_are_short_and_printable_whatever_is_sent(self, user_agent, headers):
        for agent in (user_agent, CHROME_ON_ANDROID, f"{user_agent[:100]} Chrome/141"):
            found = device_with(agent, PIXEL | headers)
            texts = (found.browser, found.os, found.device, found.browser_version, found.os_version)
            assert all(text.isprintable() and len(text) <= 100 for text in texts)
            assert max(len(found.browser_version), len(found.os_version)) <= 40
            assert found.kind in KINDS

    def test_unreadable_is_unknown_and_logged_without_the_text(self, monkeypatch, caplog):
        monkeypatch.setattr(user_agent, "_engine", lambda: 1 / 0)
        assert device_of("curl/8.5.0") == Device()
        assert "curl" not in caplog.messages[0]

    def test_nothing_reaches_the_cache_that_may_hold_the_sessions(self, settings):
        memory = "django.core.cache.backends.locmem.LocMemCache"
        settings.CACHES = {"default": {"BACKEND": memory, "LOCATION": "devices"}}
        for number in range(300):
            device_of(f"Mozilla/5.0 (X11; Linux x86_64) Stranger/{number}")
        assert not caches["default"]._cache

    def test_cache_that_is_down_hides_no_device(self, settings):
        redis = "django.core.cache.backends.redis.RedisCache"
        settings.CACHES = {"default": {"BACKEND": redis, "LOCATION": "redis://127.0.0.1:1/0"}}
        assert device_of("curl/8.5.0").browser == "curl"
