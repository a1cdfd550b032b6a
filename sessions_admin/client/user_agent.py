"""Parse the user agent of a request once and provide it like django-user-agents.

``request.user_agent`` has the attributes that django-user-agents documents. It is parsed in linear
time by ua-parser's regex engine, from a text of limited length, and not cached beyond the request.
"""

from __future__ import annotations

import functools
import re
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from ua_parser import OS, Domain, load_lazy_builtins
from ua_parser.regex import Resolver
from user_agents import parsers

from sessions_admin.client.hints import ClientHints
from sessions_admin.client.texts import header_text, printable

USER_AGENT_LENGTH = 1000
NO_HINTS = ClientHints()

# A system that is named only for comparison: "Ubuntu 20.04 like Android 9".
RESEMBLED = re.compile(r"(?:; | )?\blike Android\b[ \d.]*")
# An app's own version after a name that ends in a system: "Nextcloud-iOS/5.4.2".
APPS_VERSION = re.compile(
    r"(?:[-_/]|^(?P<first>[A-Za-z][^/;()\d]*) )(?P<system>iOS|Android)"
    r"(?:/v?| (?=\d+\.))[\w.]+",
    re.IGNORECASE,
)
# Marks a Mac among the systems with a Darwin kernel; the others do not send their architecture.
MAC = re.compile(r"\((?:x86_64|i386|arm64e?)\)|\(i?Mac")
# The same for watches, televisions and headsets, which name their system or model.
OTHER_DARWIN = re.compile(r"\b(?:(watchOS|tvOS|visionOS)(?:[ /](\d+(?:\.\d+)*))?|Watch\d+,\d+)")
# Systems that ua-parser does not recognise, or not as apps write them ("ios 17.4", "Android; 14").
SYSTEMS = {
    **{name.lower(): name for name in ("iOS", "Android", "DragonFly", "Haiku", "AmigaOS")},
    **{name.lower(): name for name in ("MorphOS", "AROS", "RISC OS", "OS/2", "IRIX", "HP-UX")},
    **{name.lower(): name for name in ("AIX", "Minix", "Plan 9", "Fuchsia", "visionOS", "BeOS")},
    **{name.lower(): name for name in ("HarmonyOS", "KaiOS", "webOS", "Sailfish")},
    **{name.lower(): name for name in ("GhostBSD", "MidnightBSD", "illumos", "OpenIndiana", "QNX")},
    **{name.lower(): name for name in ("ReactOS", "OpenVMS", "Redox", "SkyOS", "Syllable")},
    **{name.lower(): name for name in ("eComStation", "ArcaOS", "SerenityOS", "BeOS")},
    "ipados": "iOS",
    "macos": "Mac OS X",
    "os x": "Mac OS X",
    "watchos": "WatchOS",
    "tvos": "ATV OS X",
    "gnu/hurd": "GNU/Hurd",
}
SYSTEM = re.compile(
    rf"(?<![\w.-])({'|'.join(map(re.escape, SYSTEMS))})(?:64)?(?![a-z])"
    r"(?:[ /;]*v?(\d+(?:[._]\d+)*)(?!\w))?",
    re.IGNORECASE,
)
ENGINES = (
    "AppleWebKit/",
    "Gecko/",
    "KHTML",
    "Trident/",
    "MSIE ",
    "Presto/",
    "Opera/",
    "Goanna/",
    "Servo/",
)


class UserAgent(parsers.UserAgent):  # type: ignore[misc]
    """The user agent class of django-user-agents, parsed by ua-parser's linear-time regex engine.

    The original constructor tries a thousand backtracking expressions one by one. It is so slow
    that django-user-agents stores every result in Django's cache, where an attacker could evict
    sessions by sending endless different user agents. This class stores nothing.
    """

    def __init__(self, text: str, hints: ClientHints = NO_HINTS) -> None:
        readable = _readable(text, hints)
        found = _engine()(readable, Domain.ALL).complete().with_defaults()
        browser, device = found.user_agent, found.device
        self.ua_string = text
        family, *numbers = _system(readable, found.os)
        self.os = parsers.parse_operating_system(family, *numbers)
        self.os_version = ".".join(numbers)
        self.browser = parsers.parse_browser(
            browser.family, browser.major, browser.minor, browser.patch
        )
        self.device = parsers.parse_device(device.family, device.brand or "", device.model or "")
        parts = (browser.major, browser.minor, browser.patch, browser.patch_minor)
        self.browser_version = ".".join(part for part in parts if part)
        self.products = _products(text)

    @property
    def claims_engine(self) -> bool:
        """Whether it names a browser engine."""
        return _claims_engine(self.ua_string)


def user_agent_text(request: HttpRequest) -> str:
    """Return the user agent header, made printable and cut to the stored length; may be empty."""
    sent = getattr(request, "META", {}).get("HTTP_USER_AGENT", "")
    return printable(header_text(sent), USER_AGENT_LENGTH)


def user_agent_of(request: HttpRequest, hints: ClientHints | None = None) -> UserAgent:
    """Return the parsed user agent of a request, refined by its hints; parsed once a request."""
    read: UserAgent | None = getattr(request, "_read_user_agent", None)
    if read is None:
        text = user_agent_text(request)
        if "Chrome/" not in text:
            hints = NO_HINTS
        read = UserAgent(text, hints or ClientHints.read(request.headers))
        request._read_user_agent = read  # type: ignore[attr-defined]
    return read


def attach_user_agent(request: HttpRequest) -> None:
    """Set ``request.user_agent``, which is parsed when it is first used."""
    request.user_agent = SimpleLazyObject(partial(user_agent_of, request))  # type: ignore[attr-defined]


def share_reading() -> None:
    """Make django-user-agents use this parser everywhere.

    Its middleware may come before or after ours, and its filters work without any. Its own parser
    has no length limit, and caches by the whole header in the cache that may hold the sessions.
    """
    # Imported here because its import opens the configured cache, which needs the settings.
    from django_user_agents import middleware, utils

    middleware.get_user_agent = utils.get_user_agent = _handed_out


def _handed_out(request: Any) -> Any:
    # The original also returns an empty string for anything but a request.
    return user_agent_of(request) if hasattr(request, "META") else ""


@functools.cache
def _engine() -> Resolver:
    return Resolver(load_lazy_builtins())


def _readable(text: str, hints: ClientHints) -> str:
    """Return the user agent rewritten for ua-parser.

    Hints replace the frozen Android version and model, and what only looks like a system or its
    version is removed.
    """
    said = hints if hints.platform == "Android" else NO_HINTS
    android = f"Android {said.platform_version}".strip()
    text = text.replace("Android 10; K)", f"{android}; {said.model or 'K'})")
    text = text.replace("OpenHarmony", "HarmonyOS").replace("Win32_x86_64", "Windows")
    text = RESEMBLED.sub("", text)
    return text if _claims_engine(text) else APPS_VERSION.sub(r"\g<first> \g<system>", text)


def _claims_engine(text: str) -> bool:
    return any(engine in text for engine in ENGINES)


def _system(text: str, os: OS) -> tuple[str, ...]:
    """Return the system's family and version numbers, as found by ua-parser or in the text."""
    if os.family == "iOS" and "Darwin/" in text:
        if MAC.search(text):
            return ("Mac OS X",)
        if other := OTHER_DARWIN.search(text):
            return (SYSTEMS[(other[1] or "watchOS").lower()], *re.findall(r"\d+", other[2] or ""))
    known = tuple(part for part in (os.family, os.major, os.minor, os.patch) if part)
    if len(known) > 1:
        return known
    for found in SYSTEM.finditer(text):
        family = SYSTEMS[found[1].lower()]
        if os.family in ("Other", family):
            numbers = re.findall(r"\d+", found[2] or "")
            return (family, *numbers[:3])
    return ("Mac OS X",) if "(Macintosh" in text else known


def _products(text: str) -> dict[str, str]:
    """Map the products in a user agent to their versions (RFC 9110, section 10.1.5)."""
    words = (word.strip("();,").partition("/") for word in text.split())
    return {name: version for name, slash, version in words if slash}
