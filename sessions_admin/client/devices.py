"""Names the device and browser behind a request, the way people call them.

Both the user agent and the hints are claims by the client. They describe a session to
people; nothing is allowed or refused because of them.
"""

from __future__ import annotations

import functools
import logging
import re
import urllib.parse
from dataclasses import dataclass

from ua_parser import Domain, load_lazy_builtins
from ua_parser.regex import Resolver
from user_agents.parsers import (
    UserAgent,
    parse_browser,
    parse_device,
    parse_operating_system,
)

from sessions_admin.client.hints import ClientHints, brand_of

logger = logging.getLogger(__name__)

KINDS = ("desktop", "phone", "tablet", "bot", "app", "other")

NO_HINTS = ClientHints()
USER_AGENT_LENGTH = 1000
VERSION_LENGTH = 40
TEXT_LENGTH = 100

# --- What people call what ua-parser, a brand or a program's own name calls otherwise -------------

OS_NAMES = {
    "Chrome OS": "ChromeOS",
    "Chromecast Android": "Android",
    "Chromium OS": "ChromeOS",
    "Mac OS X": "macOS",
    "Web0S": "webOS",
}
BROWSER_NAMES = {
    "Android": "Android Browser",
    # What ua-parser takes every web view of a Mac for; nobody signs in within Mail.
    "Apple Mail": "In-app browser",
    "BlackBerry WebKit": "BlackBerry",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "In-app browser",
    "DuckDuckGo Mobile": "DuckDuckGo",
    "Ecosia Android": "Ecosia",
    "Ecosia iOS": "Ecosia",
    "Edge Mobile": "Edge",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Google": "Google app",
    "Google Chrome": "Chrome",
    "HeadlessChrome": "Headless Chrome",
    "IE": "Internet Explorer",
    "IE Mobile": "Internet Explorer",
    "Microsoft Edge": "Edge",
    "MiuiBrowser": "Mi Browser",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "In-app browser",
    "Oculus Browser": "Meta Quest Browser",
    "Opera Mini Android": "Opera Mini",
    "Opera Mobile": "Opera",
    "Opera Touch": "Opera",
    "QQ Browser Mobile": "QQ Browser",
    "Slack Desktop Client": "Slack",
    "Slackbot-LinkExpanding": "Slackbot",
    "Twitter": "X (Twitter)",
    "WeChat Browser": "WeChat",
    "YaBrowser": "Yandex Browser",
    "bingbot": "Bingbot",
}
PROGRAM_NAMES = {
    "Apache-HttpClient": "Apache HttpClient",
    "Go-http-client": "Go HTTP client",
    "GuzzleHttp": "Guzzle",
    "Java": "Java",
    "Java-http-client": "Java HTTP client",
    "PostmanRuntime": "Postman",
    "PowerShell": "PowerShell",
    "Python-urllib": "Python urllib",
    "Ruby": "Ruby",
    "WindowsPowerShell": "PowerShell",
    "insomnia": "Insomnia",
    "libwww-perl": "libwww-perl",
    "node": "Node.js",
    "HTTPie": "HTTPie",
    "python-httpx": "Python HTTPX",
    "python-urllib3": "Python urllib3",
}
# Libraries that speak for an app of a telephone, and for no browser.
APP_LIBRARY_NAMES = {"okhttp": "OkHttp", "Dart": "Dart"}
# Those that ua-parser names after their address, if at all: they fetch for a machine or its user.
BOTS = ("ChatGPT-User", "Claude-User", "Perplexity-User", "meta-externalagent")
# Products in a user agent that ua-parser does not know.
PRODUCT_NAMES = {
    **{bot: bot for bot in BOTS},
    "Focus": "Firefox Focus",
    "Klar": "Firefox Klar",
    "NintendoBrowser": "Nintendo Browser",
    "PowerShell": "PowerShell",
    "[LinkedInApp]": "LinkedIn",
}
# What every app made of Electron says besides its own name.
ELECTRON_PRODUCTS = {"Mozilla", "AppleWebKit", "Chrome", "Electron", "Safari"}
SCREEN_NAMES = {
    "Chromecast": "Chromecast",
    "LG Web0S SmartTV": "LG TV",
    "Samsung SMART-TV": "Samsung TV",
}

# --- What is said but means nothing ---------------------------------------------------------------

# Every Mac says 10.15 and every ChromeOS 14541; Linux says its kernel's version or none.
OS_WITHOUT_VERSION = {"macOS", "Linux", "ChromeOS"}
# What every iOS since 26 says it is, in Safari and in whatever is made of it.
FROZEN_IOS = {"18.6", "18.7"}
NO_MODELS = {"", "K", "Smartphone", "Feature Phone", "Tablet", "iOS-Device", "Browser", "Mac"}
# Models that are a name by themselves: nobody says "Google Pixel".
NAMES_WITHOUT_BRAND = ("Pixel", "Nexus", "Redmi", "POCO", "Kindle", "Lumia")
# Tablets of which ua-parser knows no more than the model.
BRANDS = {"SM-": "Samsung", "KF": "Amazon"}

# What hints call the versions of Windows before 10.
OLD_WINDOWS = {"0.1": "7", "0.2": "8", "0.3": "8.1"}


@dataclass(frozen=True)
class Device:
    """Texts to show, empty when unknown; ``kind`` is one of KINDS.

    ``device`` is what people call the thing ("iPhone", "Pixel 8 Pro"), or where nobody says which
    thing it is, its system ("Windows 11").
    """

    browser: str = ""
    browser_version: str = ""
    os: str = ""
    os_version: str = ""
    device: str = ""
    kind: str = "other"


def device_of(user_agent: str, hints: ClientHints = NO_HINTS) -> Device:
    """The device that sends this. Never raises; what cannot be told is left empty.

    Hints refine a Chromium user agent: no other browser sends them, and one that did would lie.
    """
    text = _printable(user_agent, USER_AGENT_LENGTH)
    if not text:
        return Device()
    if "Chrome/" not in text:
        hints = NO_HINTS
    try:
        return _named(_Agent(_unfrozen(text, hints)), hints)
    except Exception:
        logger.exception("A user agent of %d characters could not be read", len(text))
        return Device()


class _Agent(UserAgent):  # type: ignore[misc]
    """What django-user-agents calls a user agent, read by ua-parser's engine of linear time.

    The constructor that this one replaces tries a thousand backtracking expressions, one by one:
    so slow that django-user-agents keeps every result in Django's cache, where a stranger's endless
    supply of user agents would push out everybody's sessions. This one remembers nothing.
    """

    def __init__(self, text: str) -> None:
        found = _engine()(text, Domain.ALL).complete().with_defaults()
        os, browser, device = found.os, found.user_agent, found.device
        self.ua_string = text
        self.os = parse_operating_system(os.family, os.major, os.minor, os.patch)
        self.browser = parse_browser(browser.family, browser.major, browser.minor, browser.patch)
        self.device = parse_device(device.family, device.brand or "", device.model or "")
        parts = (browser.major, browser.minor, browser.patch, browser.patch_minor)
        self.browser_version = ".".join(part for part in parts if part)
        self.products = _products(text)


@functools.cache
def _engine() -> Resolver:
    return Resolver(load_lazy_builtins())


def _unfrozen(text: str, hints: ClientHints) -> str:
    """The user agent with the hints where reduction took the truth away, for ua-parser to read."""
    said = hints if hints.platform == "Android" else NO_HINTS
    android = f"Android {said.platform_version}".strip()
    text = text.replace("Android 10; K)", f"{android}; {said.model or 'K'})")
    return text.replace("OpenHarmony", "HarmonyOS")


def _products(text: str) -> dict[str, str]:
    """The products in a user agent, with their versions (RFC 9110, section 10.1.5)."""
    words = (word.strip("();,").partition("/") for word in text.split())
    return {name: version for name, slash, version in words if slash}


def _named(agent: _Agent, hints: ClientHints) -> Device:
    """What was found, in people's words."""
    browser, version = _browser(agent, hints)
    kind = _kind(agent, browser, hints)
    if kind == "bot" and browser != "Headless Chrome":
        # The device that a bot names is a costume.
        return _device(browser=browser, browser_version=version, kind=kind)
    os, os_version = _os(agent, hints)
    screen = _screen(agent)
    if screen and browser in ("Safari", "Chrome"):
        # It is neither, and the numbers are those of years ago.
        browser = version = ""
    return _device(
        browser=browser,
        browser_version=version,
        os=os,
        os_version=os_version,
        device=screen or _model(agent) or f"{os} {os_version}".strip(),
        kind="other" if screen else kind,
    )


def _device(**texts: str) -> Device:
    limits = {"browser_version": VERSION_LENGTH, "os_version": VERSION_LENGTH}
    return Device(**{n: _printable(t, limits.get(n, TEXT_LENGTH)) for n, t in texts.items()})


def _printable(text: str, length: int) -> str:
    return "".join(c for c in text[:length] if c.isprintable()).strip()


# --- The browser, the app or the program ----------------------------------------------------------


def _browser(agent: _Agent, hints: ClientHints) -> tuple[str, str]:
    """Its name and fullest version. The user agent is the more telling unless it says "Chrome"."""
    name, version = _told_browser(agent)
    brand = brand_of(hints)
    if brand is None or brand.name == "Android WebView":
        return name, version
    branded, hinted = BROWSER_NAMES.get(brand.name, brand.name), _trimmed(brand.version)
    if branded == name:
        return name, max(version, hinted, key=lambda v: v.count("."))
    if branded in ("Chrome", "Chromium") and name != "Chrome":
        return name, version
    return branded, hinted


def _told_browser(agent: _Agent) -> tuple[str, str]:
    if _is_native(agent):
        return _native_name(agent)
    for product, name in PRODUCT_NAMES.items():
        if product in agent.products:
            return name, _trimmed(agent.products[product])
    family, version = agent.browser.family, agent.browser_version
    if family == "Other":
        family, version = _program(agent.ua_string)
    if family == "Electron":
        family, version = _electron_app(agent)
    name = (BROWSER_NAMES | PROGRAM_NAMES | APP_LIBRARY_NAMES).get(family, family)
    # Where the app is unknown, so is its version: the number is the engine's.
    return name, "" if name == "In-app browser" else _fullest(version, agent)


def _is_native(agent: _Agent) -> bool:
    """Whether an app speaks by itself: it says its name and system, and claims no browser."""
    if "Mozilla/" in agent.ua_string or agent.ua_string.startswith("Opera/"):
        return False
    return agent.os.family in ("Android", "iOS", "Mac OS X") and not agent.is_bot


def _native_name(agent: _Agent) -> tuple[str, str]:
    """The app's own name where it gives one ("Sessions/4.1 CFNetwork/..."), or what it is."""
    name, version = _program(agent.ua_string)
    return ("Android app", "") if name == "Dalvik" else (name, _trimmed(version))


def _electron_app(agent: _Agent) -> tuple[str, str]:
    """The app's own name, or Electron's where it gives none."""
    own = (name for name in agent.products if name not in ELECTRON_PRODUCTS)
    name = next(own, "Electron")
    return name, agent.products.get(name, "")


def _program(text: str) -> tuple[str, str]:
    """What a user agent begins with, if that is a name and a version: "node-fetch/1.0".

    A few programs give a name alone.
    """
    if text in PROGRAM_NAMES:
        return text, ""
    name, slash, version = text.split()[0].partition("/")
    if not slash or name == "Mozilla":
        return "", ""
    return urllib.parse.unquote(name), version


def _fullest(version: str, agent: _Agent) -> str:
    """The version as its product says it: of some products ua-parser keeps the first numbers."""
    longer = (
        said
        for said in agent.products.values()
        if version and said.startswith(f"{version}.") and said.replace(".", "").isdecimal()
    )
    return _trimmed(max((version, *longer), key=lambda said: said.count(".")))


def _trimmed(version: str) -> str:
    """Without the zeros that stand for numbers kept back: "131.0.0.0", "25.2.0.0"."""
    major, _, rest = version.partition(".")
    return re.sub(r"(\.0){2,}$", "", version) if rest.strip(".0") else major


# --- The system -----------------------------------------------------------------------------------


def _os(agent: _Agent, hints: ClientHints) -> tuple[str, str]:
    name = OS_NAMES.get(agent.os.family, agent.os.family)
    if name == "Other":
        return "", ""
    version = _os_version(name, agent)
    if OS_NAMES.get(hints.platform, hints.platform) == name:
        version = _hinted_os_version(name, hints.platform_version) or version
    if name == "iOS" and agent.device.family == "iPad":
        name = "iPadOS"
    return name, version


def _os_version(name: str, agent: _Agent) -> str:
    version = _major_minor(agent.os.version_string)
    if name in OS_WITHOUT_VERSION or (name == "Windows" and version == "10"):
        return ""
    return _ios_version(agent, version) if name == "iOS" else version


def _ios_version(agent: _Agent, version: str) -> str:
    """Safari's own version is iOS's since 26; without it, a frozen number says nothing.

    Chrome, Google's app and apps by themselves ask the system and say what it answers.
    """
    asked = not agent.products.keys().isdisjoint({"CriOS", "GSA"})
    if agent.os.version_string not in FROZEN_IOS or asked or _is_native(agent):
        return version
    safari = agent.products.get("Version", "")
    return version if safari.startswith(("17.", "18.")) else _major_minor(safari)


def _hinted_os_version(name: str, said: str) -> str:
    """What the platform's version in a hint means; Linux's and ChromeOS's mean nothing to people.

    Windows: https://learn.microsoft.com/microsoft-edge/web-platform/how-to-detect-win11
    """
    if name == "Windows":
        major = said.partition(".")[0]
        if major == "0" or not major.isdecimal():
            return OLD_WINDOWS.get(_major_minor(said), "")
        return "11" if int(major) >= 13 else "10"
    return _major_minor(said) if name == "macOS" else ""


def _major_minor(version: str) -> str:
    return ".".join(version.split(".")[:2]).removesuffix(".0")


# --- The thing ------------------------------------------------------------------------------------


def _kind(agent: _Agent, browser: str, hints: ClientHints) -> str:
    if browser in APP_LIBRARY_NAMES.values() or _is_native(agent):
        return "app"
    if browser in PROGRAM_NAMES.values():
        return "other"
    if (
        agent.is_bot
        or browser in BOTS
        or browser.lower().endswith(("bot", "spider", "headless chrome"))
    ):
        return "bot"
    if agent.os.family == "HarmonyOS":
        return _harmony_kind(agent.ua_string)
    if _is_tablet(agent):
        return "tablet" if hints.mobile != "?1" else "phone"
    if agent.device.family == "Generic Feature Phone" and "MIDP" not in agent.ua_string:
        # ua-parser's guess at any short word and number.
        return "other"
    if agent.is_mobile or agent.os.family in ("Android", "KaiOS"):
        return "phone"
    return "desktop" if agent.is_pc or "(X11;" in agent.ua_string else "other"


def _harmony_kind(text: str) -> str:
    return "phone" if "(Phone;" in text else "tablet" if "(Tablet;" in text else "desktop"


def _is_tablet(agent: _Agent) -> bool:
    said = f"{agent.device.family} {agent.device.brand}"
    if "Tablet" in said or "Kindle" in said:
        return True
    if agent.os.family == "Android":
        # Opera Mini never says "Mobile", and most of its devices are telephones.
        return "Mobi" not in agent.ua_string and agent.browser.family != "Opera Mini"
    return bool(agent.is_tablet)


def _screen(agent: _Agent) -> str:
    """The television, console or headset that it is, if it is one."""
    family = str(agent.device.family)
    if family.startswith(("PlayStation", "Nintendo")):
        return family
    if agent.device.brand == "Meta":
        return f"Meta {agent.device.model}"
    if agent.device.model.startswith("AFT"):
        return "Amazon Fire TV"
    if "; Xbox" in agent.ua_string:
        return "Xbox"
    if "; BRAVIA" in agent.ua_string:
        return "Sony TV"
    return SCREEN_NAMES.get(family, "")


def _model(agent: _Agent) -> str:
    """What people call the telephone or tablet, if it says which one it is."""
    brand, model = str(agent.device.brand).replace("XiaoMi", "Xiaomi"), str(agent.device.model)
    if model in NO_MODELS or brand == "Spider":
        return ""
    if brand == "Apple":
        return str(agent.device.family)
    if model == "Kindle" and "Silk" in agent.products:
        return "Amazon Fire"
    if brand.startswith("Generic"):
        brand = next((b for start, b in BRANDS.items() if model.startswith(start)), "")
    if model.startswith(NAMES_WITHOUT_BRAND) or model.lower().startswith(brand.lower()):
        return model
    return f"{brand} {model}"
