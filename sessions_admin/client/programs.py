"""Name the program that sent a request: a browser, an app with a web view, or another client."""

from __future__ import annotations

import itertools
import re
import urllib.parse

from sessions_admin.client.hints import ClientHints, brand_of
from sessions_admin.client.names import (
    APP_LIBRARIES,
    APP_LIBRARY_NAMES,
    BROWSER_NAMES,
    ELECTRON_PRODUCTS,
    ENGINE_FAMILIES,
    ENGINE_PRODUCTS,
    FIREFOX_FAMILIES,
    NO_PROGRAMS,
    PRODUCT_NAMES,
    PROGRAM_NAMES,
)
from sessions_admin.client.texts import printable
from sessions_admin.client.user_agent import USER_AGENT_LENGTH, UserAgent

APPLE_SYSTEMS = {"iOS", "Mac OS X", "WatchOS", "ATV OS X", "tvOS"}
# Systems on which native apps send their own user agent.
APP_SYSTEMS = APPLE_SYSTEMS | {"Android", "HarmonyOS", "KaiOS", "Sailfish", "Tizen", "visionOS"}

SYSTEM_NAMES = {"iOS", "iPadOS", "macOS", "Mac OS X", "watchOS", "tvOS", "Android"}

COMMENT = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
# A product of RFC 9110, a name and a version, where the version is a number.
PRODUCT = re.compile(
    r"(?:^|(?<=[\s;]))([A-Za-z][\w.+-]{2,})(?: (?:for )?(?i:iOS|Android|iPhone|iPad))?/v?"
    r"(\d[^\s;,()/]*)"
)
# The words of a name before the one with the version: "Home Assistant/2024.4".
WORDS_BEFORE = re.compile(r"(?:(?<![^\s;])[A-Z][\w.+-]* ){1,3}$")
# An app that writes a blank before its version: "Barcelona 325.0.0.34.92".
AFTER_BLANK = re.compile(
    r"(?<![^\s;])([A-Z][\w+-]*(?: [A-Z][\w+-]*){0,3}) v?(\d+(?:\.\d+)+)(?=[\s;]|$)"
)
# The domain at the start of an app's package name: "com.Slack".
DOMAIN = re.compile(r"^(?:com|org|net|io|de)\.(?:\w+\.)*")
BROWSERS_BEGINNING = re.compile(r"Mozilla/[\d.]+ (?:\([^()]*\) )?(?=\S)")
OWN_NAME = re.compile(
    r"(?P<name>[^\s/;()\[\],][^/;()\[\],]{0,60}?)"
    r"(?:/(?:(?i:iOS|Android)/)?v?(?P<version>[^\s;()/]+)"
    r"| v?(?P<after_blank>\d+(?:\.[\w.+-]+|(?= \()))(?=[ ;]|$)|(?=; | \(|$))"
)
LISTED_VERSION = re.compile(r"; v(\d[\w.+-]*)")
SYSTEM_AT_END = re.compile(
    r"(?<=\w)(?:[-_ ]| for )(?:iOS|Android|iPhone|iPad|macOS|Mac)$", re.IGNORECASE
)


def program_of(agent: UserAgent, hints: ClientHints) -> tuple[str, str]:
    """Return the program's name and its most complete version.

    Where user agent and hints disagree, the user agent wins unless it says "Chrome".
    """
    name, version = _named_by_itself(agent)
    brand = brand_of(hints)
    if brand is None or brand.name == "Android WebView":
        return name, version
    branded, hinted = BROWSER_NAMES.get(brand.name, brand.name), _trimmed(brand.version)
    if branded == name:
        return name, max(version, hinted, key=lambda v: v.count("."))
    if branded in ("Chrome", "Chromium") and name != "Chrome":
        return name, version
    return branded, hinted


def is_native(agent: UserAgent) -> bool:
    """Whether this is a native app: it sends its own name and system, and claims no engine."""
    if agent.claims_engine or agent.is_bot or "compatible;" in agent.ua_string:
        return False
    name, _version = _own_name(agent.ua_string)
    if agent.ua_string.startswith("Mozilla/"):
        return bool(name) and agent.os.family in APP_SYSTEMS
    speaks_through = not APP_LIBRARIES.isdisjoint(agent.products) and name not in APP_LIBRARIES
    return agent.os.family in APP_SYSTEMS or (bool(name) and speaks_through)


def speaks_behind_mozilla(agent: UserAgent) -> bool:
    """Whether an app's own name follows a browser-like "Mozilla/5.0 (...)", without an engine."""
    begins = BROWSERS_BEGINNING.match(agent.ua_string)
    return bool(begins and _own_name(agent.ua_string)[0]) and not agent.claims_engine


def _named_by_itself(agent: UserAgent) -> tuple[str, str]:
    is_known = agent.os.family != "Other" and not agent.is_bot
    if is_native(agent) or (is_known and speaks_behind_mozilla(agent)):
        return _native_name(agent)
    words = {word.strip("();,") for word in agent.ua_string.replace(";", " ").split()}
    for product, name in PRODUCT_NAMES.items():
        if product in agent.products or product in words:
            return name, _trimmed(agent.products.get(product, "").partition("(")[0])
    family, version = agent.browser.family, agent.browser_version
    if family == "Electron":
        family, version = _electron_app(agent)
    elif family in FIREFOX_FAMILIES:
        family, version = _built_on_firefox(agent) or (family, version)
    elif family in ENGINE_FAMILIES and agent.claims_engine:
        family, version = _embedding_app(agent) or _engine_name(agent)
    elif family == "Other":
        family, version = _program(agent.ua_string)
    name = (BROWSER_NAMES | PROGRAM_NAMES | APP_LIBRARY_NAMES).get(family, family)
    if version and version == agent.products.get("AppleWebKit"):
        version = ""
    # Without the app's name there is no version either: the number is the engine's.
    return name, "" if name == "In-app browser" else _fullest(version, agent)


def _native_name(agent: UserAgent) -> tuple[str, str]:
    """Return a native app's own name ("Sessions/4.1 CFNetwork/...") and version.

    An app that sends only the name of its runtime, Dalvik, is called "Android app".
    """
    name, version = _own_name(agent.ua_string)
    if name in PROGRAM_NAMES or name in PRODUCT_NAMES:
        return (PROGRAM_NAMES | PRODUCT_NAMES)[name], _trimmed(version)
    if name == "Dalvik":
        return _embedding_app(agent) or ("Android app", "")
    family = agent.browser.family
    if "Mozilla/" in agent.ua_string and family not in ENGINE_FAMILIES:
        # "mirall" is the Nextcloud client, which ua-parser recognises.
        name = name if family.lower() in name.lower() else family
    return name, _trimmed(version)


def _embedding_app(agent: UserAgent) -> tuple[str, str] | None:
    """Return the first product that is not the engine's: the embedding app or browser."""
    said = COMMENT.sub(" ", agent.ua_string)
    for found in PRODUCT.finditer(said):
        name, version = found.groups()
        if name not in ENGINE_PRODUCTS:
            name = _words_before(said[: found.start()]) + DOMAIN.sub("", name)
            return SYSTEM_AT_END.sub("", name), version
    after_blank = AFTER_BLANK.search(said)
    return (after_blank[1], after_blank[2]) if after_blank else None


def _words_before(said: str) -> str:
    """Return the beginning of a name with spaces, up to what belongs to the engine."""
    found = WORDS_BEFORE.search(said)
    words = found[0].split() if found else []
    kept: list[str] = list(itertools.takewhile(lambda w: w not in ENGINE_PRODUCTS, reversed(words)))
    return "".join(f"{word} " for word in reversed(kept))


def _built_on_firefox(agent: UserAgent) -> tuple[str, str] | None:
    """Return the browser or program that names itself behind Firefox: "Firefox/128.0 LibreWolf"."""
    said = COMMENT.sub(" ", agent.ua_string).partition(" Firefox/")[2]
    found = (product for product in PRODUCT.findall(said) if product[0] not in NO_PROGRAMS)
    return next(found, None)


def _engine_name(agent: UserAgent) -> tuple[str, str]:
    """Return the browser that the engine suggests, unless the system rules it out.

    Safari exists on Apple's systems and, in versions 3 to 5, on Windows. WebKit on a desktop Unix
    is GNOME Web.
    """
    family, version = agent.browser.family, agent.browser_version
    if family == "Other":
        return "", ""
    if "; wv)" in agent.ua_string and family in ("Chrome", "Chrome Mobile"):
        return "Chrome Mobile WebView", ""
    if family == "Android" and agent.os.version[:1] > (4,):
        # The Android Browser ended with Android 4; the version would be the system's.
        return "", ""
    is_safari = family in ("Safari", "Mobile Safari", "WebKit Nightly")
    if not is_safari or agent.os.family in APPLE_SYSTEMS:
        return family, version
    if agent.os.family == "Windows" and version[:2] in ("3.", "4.", "5."):
        return family, version
    is_unix = any(mark in agent.ua_string for mark in ("X11;", "Wayland;", "Linux"))
    return ("GNOME Web" if is_unix and agent.os.family != "Tizen" else ""), ""


def _electron_app(agent: UserAgent) -> tuple[str, str]:
    """Return the Electron app's own name, or "Electron" where it sends none."""
    own = (name for name in agent.products if name not in ELECTRON_PRODUCTS)
    name = next(own, "Electron")
    before, _, _after = COMMENT.sub(" ", agent.ua_string).partition(f"{name}/")
    return _words_before(before) + name, agent.products.get(name, "")


def _program(text: str) -> tuple[str, str]:
    """Return a program's own name and version ("node-fetch/1.0"), or a known name alone."""
    name, version = _own_name(text)
    return (text, "") if text in PROGRAM_NAMES else (name if version else "", version)


def _own_name(text: str) -> tuple[str, str]:
    """Return the name and version that a user agent begins with; empty where it has none.

    Names may contain spaces ("Home Assistant/2024.4"), end in a system ("Nextcloud-iOS/5.4.2"),
    or follow the "Mozilla/5.0 (...)" of a browser.
    """
    begins = BROWSERS_BEGINNING.match(text)
    said = text[begins.end() :] if begins else text
    found = OWN_NAME.match(said)
    if not found or found["name"] == "Mozilla":
        return "", ""
    version = found["version"] or found["after_blank"] or ""
    if not version:
        # "RC Mobile; ios 17.4; v4.47.0 (49000)"
        listed = LISTED_VERSION.search(said)
        version = listed[1] if listed else ""
    # Decoded only here, so it may contain what is not shown.
    name = printable(urllib.parse.unquote(found["name"]).replace("+", " "), USER_AGENT_LENGTH)
    if not name:
        return "", ""
    if name in SYSTEM_NAMES and (product := PRODUCT.search(said, found.end())):
        # "iOS/17.4 (21E219) dataaccessd/1.0"
        return product[1], product[2]
    own, _, library = name.rpartition(" ")
    if own and library in APP_LIBRARIES:
        return own, ""
    return SYSTEM_AT_END.sub("", name) or name, version


def _fullest(version: str, agent: UserAgent) -> str:
    """Return the version in full: ua-parser keeps only the first numbers of some products."""
    longer = (
        said
        for said in agent.products.values()
        if version and said.startswith(f"{version}.") and said.replace(".", "").isdecimal()
    )
    return _trimmed(max((version, *longer), key=lambda said: said.count(".")))


def _trimmed(version: str) -> str:
    """Remove the zeros that replace withheld numbers: "131.0.0.0", "25.2.0.0"."""
    major, _, rest = version.partition(".")
    return re.sub(r"(\.0){2,}$", "", version) if rest.strip(".0") else major
