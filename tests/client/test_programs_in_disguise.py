"""Apps whose names are encoded, preceded by a runtime, or taken for something else."""

from __future__ import annotations

import pytest

from sessions_admin.client import device_of
from tests.client.test_programs import SAFARI, WEB_VIEW, said

DARWIN = "CFNetwork/1494.0.7 Darwin/23.4.0"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("encoded", "name"),
    [
        ("%E2%A0%80", ""),
        ("%E3%85%A4", ""),
        ("%CC%81%CC%81", ""),
        ("%20", ""),
        ("Ac%E1%85%9Fme", "Acme"),
        ("Ac%E2%80%AEme", "Acme"),
        ("Ac%0Ame%1B", "Acme"),
        ("Caf%C3%A9%20App", "Café App"),
    ],
)
def test_encoded_name_hides_nothing(encoded, name):
    found = device_of(f"{encoded}/3.1 {DARWIN}")
    assert (found.browser, found.browser_version) == (name, "3.1" if name else "")


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8) MyApp/3.1", "MyApp 3.1 | Android 14 | app"),
        ("Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8)", "Android app | Android 14 | app"),
        ("K-9 Mail for Android", "K-9 Mail | Android | app"),
        (f"{WEB_VIEW} {SAFARI} Zalo android/12100578", "Zalo 12100578 | Android 12 | phone"),
        (
            f"{WEB_VIEW} {SAFARI} trill_2023405030 AppName/trill app_version/34.5.3",
            "In-app browser | Android 12 | phone",
        ),
        (f"Watch/1 (watchOS 10.4; Watch6,1) {DARWIN}", "Watch 1 | watchOS 10.4 | app"),
        (f"MyApp/3 {DARWIN} (Watch7,5)", "MyApp 3 | watchOS | app"),
        (f"MyApp/3 (tvOS/17.4) {DARWIN}", "MyApp 3 | tvOS 17.4 | app"),
        (
            f"{WINDOWS} WhatsApp/2.2419 Chrome/124.0.0.0 Electron/30.0.3 Safari/537.36",
            "WhatsApp 2.2419 | Windows | desktop",
        ),
        ("Spotify/124200290 Win32_x86_64/0 (PC laptop)", "Spotify | Windows | other"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:6.7) Goanna/6.7 PaleMoon/33.2.1",
            "Pale Moon 33.2.1 | Linux | desktop",
        ),
        (f"{WINDOWS} Chrome/86.0.4240.198 Safari/537.36 360SE", "360 Browser | Windows | desktop"),
        (
            f"{WINDOWS} Chrome/80.0.3987.87 Safari/537.36 SE 2.X MetaSr 1.0",
            "Sogou Explorer | Windows | desktop",
        ),
    ],
)
def test_who_it_is(agent, expected):
    assert said(agent) == expected


def test_bot_stays_a_bot():
    assert device_of("WhatsApp/2.23.20.0 A").kind == "bot"
