"""Names with spaces and programs built on others, and the televisions and systems they run on."""

from __future__ import annotations

import pytest

from sessions_admin.client import device_of
from tests.client.test_programs import IPHONE, SAFARI, WEB_VIEW, said

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
ELECTRON = "Chrome/124.0.6367.243 Electron/30.2.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.mark.parametrize(
    ("products", "app"),
    [
        (
            "Home Assistant/2024.4.2 (io.robbie.HomeAssistant; build:2024; iOS 17.4)",
            "Home Assistant 2024.4.2",
        ),
        ("My Great App/4.5.6", "My Great App 4.5.6"),
        ("My Great App 4.5.6", "My Great App 4.5.6"),
        ("Mail.Ru Mail/14.9", "Mail.Ru Mail 14.9"),
        ("LinkedInApp/9.29.6023", "LinkedIn 9.29.6023"),
        ("[FBAN/MessengerForiOS;FBAV/450.0.0.34.106;FBBV/1]", "Messenger"),
        ("Barcelona 325.0.0.34.92 (iPhone14,5; iOS 17_4; en_US)", "Threads"),
        ("Safari/604.1 MyBank/1.2", "MyBank 1.2"),
    ],
)
def test_name_with_spaces_on_an_iphone(products, app):
    assert said(f"{IPHONE} {products}") == f"{app} | iOS 17.4 | phone"


@pytest.mark.parametrize(
    ("products", "app"),
    [
        (f"{SAFARI} Home Assistant/2024.4.4-13127 (Android 12)", "Home Assistant 2024.4.4-13127"),
        (f"{SAFARI} Nextcloud Talk/18.0.1", "Nextcloud Talk 18.0.1"),
        (f"My Great App/4.5.6 {SAFARI}", "My Great App 4.5.6"),
        (f"{SAFARI} LinkedInApp", "LinkedIn"),
        (f"{SAFARI} wxwork/4.1.10 MicroMessenger/7.0.1 Language/zh", "WeCom 4.1.10"),
        (f"{SAFARI} YaSearchBrowser/9.02", "Yandex 9.02"),
        (f"{SAFARI} [FB_IAB/Orca-Android;FBAV/455.0.0.43.109;]", "Messenger"),
        (f"{SAFARI} MyBank", "In-app browser"),
    ],
)
def test_name_with_spaces_on_android(products, app):
    assert said(f"{WEB_VIEW} {products}") == f"{app} | Android 12 | phone"
    short = WEB_VIEW.replace("98.0.4758.102", "98.0")
    assert said(f"{short} {products}") == f"{app} | Android 12 | phone"


@pytest.mark.parametrize("name", ["YouTube Music", "My Great App", "Obsidian", "GitHub Desktop"])
def test_electron_app_with_spaces(name):
    assert said(f"{WINDOWS} {name}/3.3.5 {ELECTRON}") == f"{name} 3.3.5 | Windows | desktop"


@pytest.mark.parametrize("name", ["LibreWolf", "Betterbird", "Zotero", "Floorp"])
def test_built_on_firefox(name):
    assert said(f"{FIREFOX} {name}/6.0.3") == f"{name} 6.0.3 | Linux | desktop"


@pytest.mark.parametrize(
    "agent",
    [
        FIREFOX,
        f"{FIREFOX} (.NET CLR 3.5.30729)",
        f"{FIREFOX} Ubuntu/22.04",
        "Mozilla/5.0 (Mobile; rv:48.0; KAIOS/2.5) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
    ],
)
def test_firefox_stays_firefox(agent):
    assert device_of(agent).browser == "Firefox"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("Shopify Mobile/iOS/9.150.0 (iPhone14,5)", "Shopify Mobile 9.150.0 | iOS | app"),
        ("Shopify Mobile/Android/9.150.0 (Build 12)", "Shopify Mobile 9.150.0 | Android | app"),
        ("Mozilla/5.0 (iPad) MyApp/2.1", "MyApp 2.1 | iPadOS | app"),
        ("Mozilla/5.0 (iPadOS) MyApp/2.1", "MyApp 2.1 | iPadOS | app"),
        ("Spotify/8.9.32 iOS/17.4 (iPhone14,5)", "Spotify 8.9.32 | iOS 17.4 | app"),
    ],
)
def test_system_beside_the_name(agent, expected):
    assert said(agent) == expected


def test_webkit_on_a_later_android_is_no_android_browser():
    agent = "Mozilla/5.0 (Linux; Android {}; Pixel) AppleWebKit/605.1.15 Version/{} Mobile Safari/5"
    assert said(agent.format("14", "17.0")) == "| Android 14 | phone"
    assert device_of(agent.format("4.0.3", "4.0")).browser == "Android Browser"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (
            "Mozilla/5.0 (PlayStation 4 11.00) AppleWebKit/605.1.15 (KHTML, like Gecko)",
            ("", "PlayStation 4", "other"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 9; AFTKA) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Silk/120.4.1 like Chrome/120.0.6099.230 Safari/537.36",
            ("Amazon Silk", "Amazon Fire TV", "other"),
        ),
        (
            "Mozilla/5.0 (CrKey armv7l 1.5.16041) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/31.0.1650.0 Safari/537.36",
            ("", "Chromecast", "other"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 11; SHIELD Android TV) AppleWebKit/537.36 "
            "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
            ("", "SHIELD Android TV", "other"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; MiBOX4) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/120.0.0.0 Safari/537.36",
            ("", "MiBOX4", "other"),
        ),
    ],
)
def test_televisions_and_consoles(agent, expected):
    found = device_of(agent)
    assert (found.browser, found.device, found.kind) == expected


def test_wv_is_no_model():
    assert device_of(f"{WEB_VIEW.replace('Pixel 6 Build/SP2A.220505.002; ', '')} {SAFARI}").device
    assert "wv" not in device_of("Mozilla/5.0 (Linux; Android 13; wv) Chrome/98.0 Mobile").device
