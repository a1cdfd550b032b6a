"""Name the device and browser behind a request in everyday words.

Both the user agent and the client hints are unverified claims. They describe a session to
people; no access decision depends on them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

from sessions_admin.client.hints import ClientHints
from sessions_admin.client.names import (
    APP_LIBRARY_NAMES,
    BOTS,
    PROGRAM_NAMES,
    SCREEN_NAMES,
)
from sessions_admin.client.programs import is_native, program_of, speaks_behind_mozilla
from sessions_admin.client.systems import system_of
from sessions_admin.client.texts import printable
from sessions_admin.client.user_agent import NO_HINTS, USER_AGENT_LENGTH, UserAgent

logger = logging.getLogger(__name__)

KINDS = ("desktop", "phone", "tablet", "bot", "app", "other")

VERSION_LENGTH = 40
TEXT_LENGTH = 100

NO_MODELS = {
    *("", "K", "wv", "Smartphone", "Feature Phone", "Tablet", "iOS-Device", "Browser", "Mac")
}
# Desktop systems that django-user-agents does not recognise as such.
DESKTOP_SYSTEMS = {
    *("AmigaOS", "AROS", "BeOS", "DragonFly", "Haiku", "MorphOS", "OS/2", "Plan 9", "RISC OS"),
    *("ArcaOS", "eComStation", "QNX", "ReactOS", "Redox", "SerenityOS", "SkyOS", "Syllable"),
}
# Models of Amazon's televisions and sticks, and what those with Android TV have in theirs.
FIRE_TV = re.compile(r"; AFT[A-Z]")
TELEVISION = re.compile(r"\bTV\b|\bGoogleTV\b|\bSmart-?TV\b|\bMi(?:TV|BOX)", re.IGNORECASE)
# Models that are shown without their brand: "Pixel 8", not "Google Pixel 8".
NAMES_WITHOUT_BRAND = ("Pixel", "Nexus", "Redmi", "POCO", "Kindle", "Lumia")
# How many devices are remembered: some 8 MB at most, since user agents and hints are cut.
KNOWN = 1000
# Brands of tablets for which ua-parser only returns the model, by the start of the model.
BRANDS = {"SM-": "Samsung", "KF": "Amazon"}


@dataclass(frozen=True)
class Device:
    """A device and its browser, as texts to show; empty when unknown.

    ``kind`` is one of KINDS. ``device`` is the common name ("iPhone", "Pixel 8 Pro") or, where the
    model is unknown, the system ("Windows 11").
    """

    browser: str = ""
    browser_version: str = ""
    os: str = ""
    os_version: str = ""
    device: str = ""
    kind: str = "other"


_known: dict[tuple[str, ClientHints], Device] = {}


def known_device_of(text: str, hints: ClientHints, read: Callable[[], UserAgent] | None) -> Device:
    """Return the device for a user agent, remembered from an earlier client with the same one.

    Most clients have the user agent and hints of many others, and their device follows from those
    alone. ``read`` returns the parsed user agent, where something else needs it, too.
    """
    device = _known.get((text, hints))
    if device is None:
        device = device_of(read or text, hints)
        # An unknown one may be an error that passes.
        if device != Device():
            if len(_known) >= KNOWN:
                _known.clear()
            _known[text, hints] = device
    return device


def device_of(sent: str | Callable[[], UserAgent], hints: ClientHints = NO_HINTS) -> Device:
    """Return the device for a user agent, given as text or as a function that returns it parsed.

    Never raises; unknown values are empty. Hints are used with Chromium user agents only, since no
    other browser sends them.
    """
    try:
        if isinstance(sent, str):
            text = _printable(sent, USER_AGENT_LENGTH)
            agent = UserAgent(text, hints if "Chrome/" in text else NO_HINTS)
        else:
            agent = sent()
        if not agent.ua_string:
            return Device()
        return _named(agent, hints if "Chrome/" in agent.ua_string else NO_HINTS)
    except Exception:
        logger.exception("A user agent could not be read")
        return Device()


def _named(agent: UserAgent, hints: ClientHints) -> Device:
    """Return the device with the common names of its parts."""
    browser, version = program_of(agent, hints)
    kind = _kind(agent, browser, hints)
    if kind == "bot" and browser != "Headless Chrome":
        # Bots imitate the user agents of real devices.
        return _device(browser=browser, browser_version=version, kind=kind)
    os, os_version = system_of(agent, hints)
    screen = _screen(agent)
    is_of_an_app = browser == "In-app browser" and "; wv)" in agent.ua_string
    if screen and browser in ("Safari", "Chrome", "In-app browser") and not is_of_an_app:
        # These are built-in browsers on old engines, not Safari or Chrome.
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
    return printable("".join(c for c in text[:length] if c.isprintable()), length)


# --- The device -----------------------------------------------------------------------------------


def _kind(agent: UserAgent, browser: str, hints: ClientHints) -> str:
    if browser in APP_LIBRARY_NAMES.values() or is_native(agent):
        return "app"
    if browser in PROGRAM_NAMES.values():
        return "other"
    # The desktop app of a messenger has the name of the bot that fetches previews.
    if (
        (agent.is_bot and "Electron" not in agent.products)
        or browser in BOTS
        or browser.lower().endswith(("bot", "spider", "headless chrome"))
    ):
        return "bot"
    if agent.os.family == "HarmonyOS":
        return _harmony_kind(agent.ua_string)
    if _is_tablet(agent):
        return "tablet" if hints.mobile != "?1" else "phone"
    if agent.os.family in DESKTOP_SYSTEMS:
        return "desktop"
    if agent.device.family == "Generic Feature Phone" and "MIDP" not in agent.ua_string:
        # ua-parser guesses this for any short word followed by a number.
        return "other"
    if agent.is_mobile or agent.os.family in ("Android", "KaiOS"):
        return "phone"
    if agent.os.family in ("Linux", "Ubuntu") and "Mobile" in agent.ua_string:
        return "phone"
    is_graphical = any(mark in agent.ua_string for mark in ("(X11;", "(Wayland;"))
    is_app = speaks_behind_mozilla(agent) and agent.os.family in ("Windows", "Linux")
    return "desktop" if agent.is_pc or is_graphical or is_app else "other"


def _harmony_kind(text: str) -> str:
    return "phone" if "(Phone;" in text else "tablet" if "(Tablet;" in text else "desktop"


def _is_tablet(agent: UserAgent) -> bool:
    said = f"{agent.device.family} {agent.device.brand}"
    if "Tablet" in said or "Kindle" in said:
        return True
    if agent.os.family == "Android":
        # Opera Mini never sends "Mobile", and mostly runs on phones.
        return "Mobi" not in agent.ua_string and agent.browser.family != "Opera Mini"
    return bool(agent.is_tablet)


def _screen(agent: UserAgent) -> str:
    """Return the name of a television, console or headset; empty for other devices."""
    family = str(agent.device.family)
    if family.startswith(("PlayStation", "Nintendo")):
        return family
    if agent.device.brand == "Meta":
        return f"Meta {agent.device.model}"
    if FIRE_TV.search(agent.ua_string):
        return "Amazon Fire TV"
    if "CrKey" in agent.ua_string:
        return "Chromecast"
    if "; Xbox" in agent.ua_string:
        return "Xbox"
    if "; BRAVIA" in agent.ua_string:
        return "Sony TV"
    if agent.os.family == "Android" and TELEVISION.search(agent.ua_string):
        return SCREEN_NAMES.get(family) or _model(agent) or "Android TV"
    return SCREEN_NAMES.get(family, "")


def _model(agent: UserAgent) -> str:
    """Return the common name of a phone or tablet; empty where the model is unknown."""
    brand, model = str(agent.device.brand).replace("XiaoMi", "Xiaomi"), str(agent.device.model)
    if model in NO_MODELS or brand == "Spider":
        return ""
    if brand == "Apple":
        return "" if "Mac" in model else str(agent.device.family)
    if model == "Kindle" and "Silk" in agent.products:
        return "Amazon Fire"
    if brand.startswith("Generic"):
        brand = next((b for start, b in BRANDS.items() if model.startswith(start)), "")
    if model.startswith(NAMES_WITHOUT_BRAND) or model.lower().startswith(brand.lower()):
        return model
    return f"{brand} {model}"
