"""User agents and Client Hints of the demo's browsers and native clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Agent:
    """A user agent string, and the Client Hints that Chromium browsers add on request."""

    user_agent: str
    hints: Mapping[str, str] = field(default_factory=dict)


def hinting(
    user_agent: str,
    brand: str,
    version: str,
    platform: str,
    platform_version: str,
    model: str = "",
) -> Agent:
    engine = user_agent.partition("Chrome/")[2].partition(".")[0]
    return Agent(
        user_agent,
        {
            "Sec-CH-UA-Full-Version-List": f'"Chromium";v="{engine}.0.7390.108", '
            f'"{brand}";v="{version}", "Not?A_Brand";v="8.0.0.0"',
            "Sec-CH-UA-Mobile": "?1" if "Mobile" in user_agent else "?0",
            "Sec-CH-UA-Model": f'"{model}"',
            "Sec-CH-UA-Platform": f'"{platform}"',
            "Sec-CH-UA-Platform-Version": f'"{platform_version}"',
        },
    )


# Operating system versions are frozen where the real browsers freeze them.
BROWSERS = (
    # Chrome: Windows, macOS, Linux, ChromeOS
    hinting(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
        "Google Chrome",
        "141.0.7390.108",
        "Windows",
        "19.0.0",
    ),
    hinting(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
        "Google Chrome",
        "141.0.7390.108",
        "macOS",
        "15.6.1",
    ),
    hinting(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        "Brave",
        "140.1.82.172",
        "Linux",
        "6.12.0",
    ),
    hinting(
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
        "Google Chrome",
        "139.0.7390.108",
        "Chrome OS",
        "16328.55.0",
    ),
    # Edge: Windows, macOS
    hinting(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
        "Microsoft Edge",
        "141.0.3537.71",
        "Windows",
        "19.0.0",
    ),
    hinting(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
        "Microsoft Edge",
        "141.0.3537.71",
        "macOS",
        "15.6.1",
    ),
    # Firefox: Windows, macOS, Linux
    Agent("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"),
    Agent("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:144.0) Gecko/20100101 Firefox/144.0"),
    Agent("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    Agent("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"),
    # Safari: macOS
    Agent(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15"
    ),
    Agent(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15"
    ),
    # Opera: Windows
    hinting(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 OPR/122.0.0.0",
        "Opera",
        "122.0.5643.51",
        "Windows",
        "19.0.0",
    ),
)
HANDHELD_BROWSERS = (
    # Safari, Chrome and Firefox: iPhone
    Agent(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1"
    ),
    Agent(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1"
    ),
    Agent(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/143.0 Mobile/15E148 Safari/605.1.15"
    ),
    # Safari: iPad that asks for mobile pages
    Agent(
        "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1"
    ),
    # Chrome, Firefox, Samsung Internet and Edge: Android telephones and tablets
    hinting(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
        "Google Chrome",
        "141.0.7390.108",
        "Android",
        "16.0.0",
        "Pixel 8 Pro",
    ),
    hinting(
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.7339.207 Mobile Safari/537.36",
        "Google Chrome",
        "140.0.7390.108",
        "Android",
        "15.0.0",
        "Pixel 9",
    ),
    Agent(
        "Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.7339.207 Safari/537.36"
    ),
    Agent("Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0"),
    hinting(
        "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
        "Samsung Internet",
        "28.0.0.59",
        "Android",
        "14.0.0",
        "SM-S921B",
    ),
    hinting(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36 EdgA/141.0.0.0",
        "Microsoft Edge",
        "141.0.3537.71",
        "Android",
        "16.0.0",
        "SM-S938B",
    ),
)
NATIVE_CLIENTS = (
    # Network libraries of iOS and Android send their own or the app's name, and the system.
    Agent("SessionsDemo/412 CFNetwork/3826.600.41 Darwin/24.6.0"),
    Agent("SessionsDemo/4.12 (iPhone16,2; iOS 18.6; Scale/3.00)"),
    Agent("Dalvik/2.1.0 (Linux; U; Android 15; Pixel 9 Build/BP1A.250505.005)"),
    Agent("Dalvik/2.1.0 (Linux; U; Android 14; SM-S921B Build/UP1A.231005.007)"),
    Agent("okhttp/4.12.0"),
)
