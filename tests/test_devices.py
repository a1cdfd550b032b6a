"""User agents as browsers send them, and what the page calls them."""

from __future__ import annotations

import pytest
from django.core.cache.backends.redis import RedisCache

from sessions_admin.devices import Device, device_of

MOZILLA = "Mozilla/5.0 "
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "


@pytest.mark.parametrize(
    ("user_agent", "browser", "device", "kind"),
    [
        (
            MOZILLA + "(Windows NT 10.0; Win64; x64) " + CHROME + "Safari/537.36 Edg/126.0.0.0",
            "Edge 126",
            "Windows 10",
            "desktop",
        ),
        (
            MOZILLA + "(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/17.5 Safari/605.1.15",
            "Safari 17",
            "macOS",
            "desktop",
        ),
        (
            MOZILLA + "(X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
            "Firefox 127",
            "Linux",
            "desktop",
        ),
        (
            MOZILLA + "(Linux; Android 13; Pixel 7) " + CHROME + "Mobile Safari/537.36",
            "Chrome 126",
            "Google Pixel 7",
            "phone",
        ),
        (
            # What Chrome says on every phone today: there is no model to name.
            MOZILLA + "(Linux; Android 10; K) " + CHROME + "Mobile Safari/537.36",
            "Chrome 126",
            "Android 10",
            "phone",
        ),
        (
            MOZILLA + "(iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
            "Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1",
            "Chrome 126",
            "iPad",
            "tablet",
        ),
        (
            MOZILLA + "(compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Googlebot 2",
            "",
            "bot",
        ),
        (
            "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/UD1A.230803.041)",
            "Android app",
            "Google Pixel 8",
            "app",
        ),
        ("Sessions/412 CFNetwork/1568.300.101 Darwin/24.2.0", "Sessions", "iOS 18.2", "app"),
        ("curl/8.5.0", "curl 8", "", "other"),
        ("no such thing", "", "", "other"),
        ("", "", "", "other"),
    ],
)
def test_names_what_people_know(user_agent, browser, device, kind):
    found = device_of(user_agent)
    assert (found.browser, found.device, found.kind) == (browser, device, kind)


@pytest.mark.parametrize(
    "user_agent",
    ["(" * 1000, "Mozilla/5.0 (" + "; " * 480 + ")", "\ud800" * 100, "Android " * 120],
)
def test_hostile_strings_are_unknown_never_an_error(user_agent):
    assert isinstance(device_of(user_agent), Device)


def test_cache_that_is_down_hides_no_device(monkeypatch):
    nowhere = RedisCache("redis://127.0.0.1:1/0", {})
    monkeypatch.setattr("django_user_agents.utils.cache", nowhere)
    assert device_of("curl/8.5.0").browser == "curl 8"
