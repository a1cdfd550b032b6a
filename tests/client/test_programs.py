"""Apps and browsers that ua-parser mistakes for others: several user agents of each kind."""

from __future__ import annotations

import pytest

from sessions_admin.client import device_of

LINUX = "Mozilla/5.0 (X11; Linux x86_64)"
WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) {WEBKIT} Mobile/15E148"
WEB_VIEW = (
    "Mozilla/5.0 (Linux; Android 12; Pixel 6 Build/SP2A.220505.002; wv) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Version/4.0 Chrome/98.0.4758.102"
)
SAFARI = "Mobile Safari/537.36"


def said(user_agent: str) -> str:
    found = device_of(user_agent)
    browser = f"{found.browser} {found.browser_version}".strip()
    return f"{browser} | {found.os} {found.os_version}".strip() + f" | {found.kind}"


class TestEngineThatTheSystemRulesOut:
    """Safari exists only on Apple's systems; elsewhere its token belongs to the engine."""

    @pytest.mark.parametrize(
        ("system", "name"),
        [
            ("X11; Linux x86_64", "Linux"),
            ("X11; Linux aarch64", "Linux"),
            ("X11; Ubuntu; Linux x86_64", "Ubuntu"),
            ("X11; Fedora; Linux x86_64", "Fedora"),
            ("X11; FreeBSD amd64", "FreeBSD"),
            ("Wayland; Linux x86_64", "Linux"),
        ],
    )
    @pytest.mark.parametrize("also", ["", " Epiphany/605.1.15"])
    def test_webkit_on_a_free_desktop_is_gnome_web(self, system, name, also):
        agent = f"Mozilla/5.0 ({system}) {WEBKIT} Version/17.6 Safari/605.1.15{also}"
        assert said(agent) == f"GNOME Web | {name} | desktop"

    def test_a_browser_that_names_itself_is_that(self):
        for name, version in (("Midori", "0.5"), ("Orion", "1.0"), ("Tangram", "3.1")):
            agent = f"{LINUX} {WEBKIT} Version/17.6 Safari/605.1.15 {name}/{version}"
            assert device_of(agent).browser == name

    def test_safari_for_windows_ended_with_5(self):
        windows = "Mozilla/5.0 (Windows NT 6.1)"
        assert device_of(f"{windows} {WEBKIT} Version/5.1.7 Safari/534.57.2").browser == "Safari"
        assert device_of(f"{windows} {WEBKIT} Version/17.6 Safari/605.1.15").browser == ""

    @pytest.mark.parametrize(
        ("agent", "expected"),
        [
            (
                "Mozilla/5.0 (Linux; Ubuntu 20.04 like Android 9) AppleWebKit/537.36 "
                "Chrome/87.0.4280.144 Mobile Safari/537.36",
                "Chrome 87.0.4280.144 | Ubuntu 20.04 | phone",
            ),
            (
                f"Mozilla/5.0 (Linux; like Android 9; K) {WEBKIT} Version/17.0 Mobile Safari/605.1",
                "GNOME Web | Linux | phone",
            ),
        ],
    )
    def test_what_is_like_a_system_is_another(self, agent, expected):
        assert said(agent) == expected


class TestAppAroundAWebView:
    @pytest.mark.parametrize(
        ("products", "app"),
        [
            # The engine of QQ Browser, embedded in WeChat and QQ.
            (
                f"MQQBrowser/6.2 TBS/046295 {SAFARI} MMWEBID/7 "
                "MicroMessenger/8.0.30.2260(0x28001E59) WeChat/arm64 Weixin NetType/WIFI",
                "WeChat 8.0.30.2260",
            ),
            (
                f"XWEB/4317 MMWEBSDK/20220903 {SAFARI} MMWEBID/7 MicroMessenger/8.0.30.2260(0x28)",
                "WeChat 8.0.30.2260",
            ),
            (
                f"MQQBrowser/6.2 TBS/046141 {SAFARI} V1_AND_SQ_8 QQ/8.8.90.7975",
                "QQ 8.8.90.7975",
            ),
            (f"{SAFARI} YaApp_Android/9.02 YaSearchBrowser/9.02", "Yandex 9.02"),
            (f"YaApp_Android/9.02 YaSearchBrowser/9.02 BroPP/1.0 SA/3 {SAFARI}", "Yandex 9.02"),
            (f"UWS/3.22.2.52 {SAFARI} AliApp(TB/10.20.10) WindVane/8.5.0", "Taobao 10.20.10"),
            (f"{SAFARI};KAKAOTALK 2410560", "KakaoTalk"),
            (f"{SAFARI} NAVER(inapp; search; 2000; 12.5.4)", "NAVER"),
            (f"{SAFARI} Teams/1416/1.0.0.2024", "Teams 1416"),
            (f"{SAFARI} com.Slack/24.05.10", "Slack 24.05.10"),
            (f"{SAFARI} Telegram-Android/10.12.0 (Pixel; Android 12)", "Telegram 10.12.0"),
            (f"{SAFARI} VKAndroidApp/8.76-18987", "VK 8.76-18987"),
            (f"{SAFARI} Viber/21.0.0", "Viber 21"),
            # An unknown app writes its name before or after the engine's products.
            (f"{SAFARI} MyBank/3.2.1", "MyBank 3.2.1"),
            (f"MyBank/3.2.1 {SAFARI}", "MyBank 3.2.1"),
            (f"{SAFARI} MyBank-Android/3.2.1", "MyBank 3.2.1"),
            (SAFARI, "In-app browser"),
        ],
    )
    def test_on_android(self, products, app):
        assert said(f"{WEB_VIEW} {products}") == f"{app} | Android 12 | phone"

    @pytest.mark.parametrize(
        ("products", "app"),
        [
            (" MicroMessenger/8.0.49(0x1800312d) NetType/WIFI Language/en", "WeChat 8.0.49"),
            (" QQ/8.9.20.635 V1_IPH_SQ_8.9.20_1_APP_A Pixel/1125", "QQ 8.9.20.635"),
            (" AliApp(AP/10.3.80.6000) AlipayClient/10.3.80.6000", "Alipay 10.3.80.6000"),
            (" DingTalk/7.0.30", "DingTalk 7.0.30"),
            (";KAKAOTALK 10.8.5", "KakaoTalk"),
            (" TeamsMobile-iOS", "Microsoft Teams"),
            (" Outlook-iOS/2.0", "Outlook 2"),
            (" Reddit/2024.17.0", "Reddit 2024.17.0"),
            (" Zalo iOS/24", "Zalo 24"),
            (" MyBank/3.2.1", "MyBank 3.2.1"),
            ("", "In-app browser"),
        ],
    )
    def test_on_an_iphone(self, products, app):
        assert said(f"{IPHONE}{products}") == f"{app} | iOS 17.4 | phone"


@pytest.mark.parametrize(
    ("agent", "system"),
    [
        ("MyApp/42 CFNetwork/1496.0.7 Darwin/23.5.0 (x86_64)", "macOS"),
        ("MyApp/42 CFNetwork/1408.0.4 Darwin/22.5.0 (arm64)", "macOS"),
        ("MyApp/42 CFNetwork/720.3.13 Darwin/14.3.0 (x86_64)", "macOS"),
        ("MyApp/42 CFNetwork/1496.0.7 Darwin/23.5.0 (x86_64) (MacBookPro16%2C1)", "macOS"),
        ("MyApp/42 (com.example.app; build:1; macOS 14.4.0) Alamofire/5.9.1", "macOS"),
        ("MyApp/42 (Macintosh; OS X/12.6.0) GCDHTTPRequest", "macOS"),
        ("MyApp/42 CFNetwork/1496.0.7 Darwin/23.5.0", "iOS 17.5"),
    ],
)
def test_darwin_on_a_mac(agent, system):
    assert said(agent) == f"MyApp 42 | {system} | app"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        # Names with spaces.
        (
            "Mattermost Mobile/2.12.0+512 (iOS; 17.2; iPhone14,5)",
            "Mattermost Mobile 2.12.0+512 | iOS 17.2",
        ),
        (
            "Mattermost Mobile/2.12.0+512 (Android; 14; SM-S911B)",
            "Mattermost Mobile 2.12.0+512 | Android 14",
        ),
        ("RC Mobile; ios 17.4; v4.47.0 (49000)", "RC Mobile 4.47.0 | iOS 17.4"),
        ("RC Mobile; android 13; v4.47.0 (49000)", "RC Mobile 4.47.0 | Android 13"),
        (
            "Home Assistant/2024.4 (io.robbie.HomeAssistant; build:567; iOS 17.4.1) Alamofire/5",
            "Home Assistant 2024.4 | iOS 17.4",
        ),
        ("Home Assistant/2024.5.1 (Android 14; Pixel 8)", "Home Assistant 2024.5.1 | Android 14"),
        ("Element X/1.6.9 (iPhone 14 Pro; iOS 17.4; Scale/3.00)", "Element X 1.6.9 | iOS 17.4"),
        ("My Great App 4.5.6 (iPhone; iOS 17.4; en_US)", "My Great App 4.5.6 | iOS 17.4"),
        ("My%20Great%20App/4 CFNetwork/1494.0.7 Darwin/23.4.0", "My Great App 4 | iOS 17.4"),
        ("Instagram 325.0.0.34 Android (34/14; 480dpi)", "Instagram 325.0.0.34 | Android"),
        ("MyApp (iOS 17.4)", "MyApp | iOS 17.4"),
        # A system at the end of the name; the version is the app's.
        ("Pinterest for iOS/12.10 (iPhone14,5; iOS 17.4)", "Pinterest 12.10 | iOS 17.4"),
        ("Jellyfin Android/2.6.0", "Jellyfin 2.6.0 | Android"),
        ("Signal-Android/7.6.2 Android/34", "Signal 7.6.2 | Android"),
        ("Discord-Android/126021;RNA", "Discord 126021 | Android"),
        ("TeamsMobile-iOS 6.9.0 (iPhone14,5; iOS 17.4)", "TeamsMobile 6.9.0 | iOS 17.4"),
        ("Spotify/8.9.32 iOS/17.4 (iPhone14,5)", "Spotify 8.9.32 | iOS 17.4"),
        # After the tokens that browsers begin with.
        ("Mozilla/5.0 (iOS) Nextcloud-iOS/5.4.2", "Nextcloud 5.4.2 | iOS"),
        ("Mozilla/5.0 (Android) Nextcloud-android/3.29.0", "Nextcloud 3.29.0 | Android"),
        ("Mozilla/5.0 (Android) ownCloud-android/4.3.0", "ownCloud 4.3.0 | Android"),
        ("Mozilla/5.0 (Android) Nextcloud Talk/18.0.1", "Nextcloud Talk 18.0.1 | Android"),
        ("Mozilla/5.0 (iOS) Nextcloud-Talk v18.0.1", "Nextcloud-Talk 18.0.1 | iOS"),
        ("Mozilla/5.0 TheApp/3.2 (iPhone; iOS 17.4)", "TheApp 3.2 | iOS 17.4"),
        # Through an HTTP library, or from a less common Apple system.
        ("MyApp/1.2 okhttp/4.12.0", "MyApp 1.2 |"),
        ("MyApp/1.2 Cronet/124.0.6367.42", "MyApp 1.2 |"),
        ("MyApp/1.2 Dart/3.3 (dart:io)", "MyApp 1.2 |"),
        ("MyApp/1.0 HarmonyOS/4.0", "MyApp 1 | HarmonyOS 4"),
        ("MyApp/1.0 (KaiOS 3.1)", "MyApp 1 | KaiOS 3.1"),
        ("MyApp/2.0 (iPad13,4; iPadOS 17.4)", "MyApp 2 | iPadOS 17.4"),
        ("MyApp/5.1 (Apple Watch; watchOS 10.4)", "MyApp 5.1 | watchOS 10.4"),
        ("MyApp/5.1 (AppleTV; tvOS 17.4)", "MyApp 5.1 | tvOS 17.4"),
        ("Überland/0.16.27 (iPhone; iOS 17.4; Scale/3.00)", "Überland 0.16.27 | iOS 17.4"),
    ],
)
def test_native_apps_by_their_own_names(agent, expected):
    assert said(agent) == f"{expected} | app"


@pytest.mark.parametrize(
    ("system", "name"),
    [
        ("X11; DragonFly x86_64", "DragonFly"),
        ("X11; U; DragonFly i386; de", "DragonFly"),
        ("X11; Haiku x86_64", "Haiku"),
        ("Macintosh; Intel Haiku R1 x86", "Haiku"),
        ("X11; AIX 7.1", "AIX 7.1"),
        ("X11; IRIX64 IP27", "IRIX"),
        ("X11; HP-UX 9000/785", "HP-UX"),
        ("X11; Minix i386", "Minix"),
        ("X11; GNU/Hurd", "GNU/Hurd"),
        ("X11; Fuchsia", "Fuchsia"),
        ("OS/2; Warp 4.5", "OS/2"),
        ("AmigaOS 4.1; PPC", "AmigaOS 4.1"),
        ("MorphOS; PowerPC", "MorphOS"),
        ("X11; AROS", "AROS"),
        ("RISC OS", "RISC OS"),
        ("X11; QNX", "QNX"),
        ("X11; ReactOS", "ReactOS"),
        ("ReactOS", "ReactOS"),
        ("X11; MidnightBSD amd64", "MidnightBSD"),
        ("X11; GhostBSD amd64", "GhostBSD"),
        ("X11; illumos", "illumos"),
        ("X11; OpenVMS AlphaServer_ES40", "OpenVMS"),
        ("X11; Redox", "Redox"),
        ("SkyOS", "SkyOS"),
        ("Syllable i686", "Syllable"),
        ("eComStation", "eComStation"),
        ("SerenityOS; x86_64", "SerenityOS"),
    ],
)
def test_rare_systems(system, name):
    agent = f"Mozilla/5.0 ({system}; rv:102.0) Gecko/20100101 Firefox/102.0"
    assert said(agent) == f"Firefox 102 | {name} | desktop"


def test_browsers_of_rare_systems():
    amiga = "Mozilla/5.0 (AmigaOS; PPC) OWB/1.23"
    assert said(amiga) == "Odyssey 1.23 | AmigaOS | desktop"
    haiku = f"Mozilla/5.0 (compatible; U; Haiku x86_64) {WEBKIT} WebPositive/1.3 Version/11.1"
    assert said(f"{haiku} Safari/605.1.15") == "WebPositive 1.3 | Haiku | desktop"


def test_the_models_stay():
    assert device_of("Mattermost Mobile/2.12.0+512 (iOS; 17.2; iPhone14,5)").device == "iPhone"
    assert device_of("Home Assistant/2024.5.1 (Android 14; Pixel 8)").device == "Pixel 8"
    assert device_of("MyApp/1 CFNetwork/1 Darwin/23.5.0 (x86_64) (iMac21%2C1)").device == "macOS"
