"""Names the device and browser behind a user agent string, the way people call them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django_user_agents.utils import get_user_agent
from user_agents import parse

logger = logging.getLogger(__name__)

KINDS = ("desktop", "phone", "tablet", "bot", "app", "other")

# ua-parser's names for what people know under another name.
OS_NAMES = {"Mac OS X": "macOS", "Chrome OS": "ChromeOS"}
BROWSER_NAMES = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Android WebView",
    "Edge Mobile": "Edge",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "In-app browser",
    "Opera Mobile": "Opera",
}
# Every Mac reports 10.15, whatever it runs, so the number would mislead.
OS_WITHOUT_VERSION = {"macOS", "Linux", "ChromeOS"}


@dataclass(frozen=True)
class Device:
    """Texts to show, empty when unknown; ``kind`` is one of KINDS."""

    browser: str = ""
    os: str = ""
    device: str = ""
    kind: str = "other"


def device_of(user_agent: str) -> Device:
    """The device that sends this user agent. Never raises; what cannot be told is left empty."""
    if not user_agent:
        return Device()
    try:
        return _named(_parsed(user_agent))
    except Exception:
        logger.exception("A user agent of %d characters could not be read", len(user_agent))
        return Device()


def _parsed(user_agent: str) -> Any:
    request = HttpRequest()
    request.META["HTTP_USER_AGENT"] = user_agent
    try:
        return get_user_agent(request)
    except Exception:
        # Its cache did not answer; that is no reason not to know the device.
        return parse(user_agent)


def _named(agent: Any) -> Device:
    """What ua-parser found, in people's words."""
    os = OS_NAMES.get(agent.os.family, agent.os.family)
    os_version = "" if os in OS_WITHOUT_VERSION else _major_minor(agent.os.version_string)
    browser = BROWSER_NAMES.get(agent.browser.family, agent.browser.family)
    version = agent.browser.version_string.partition(".")[0]
    kind = _kind(agent)
    if is_native := agent.ua_string.startswith("Dalvik/") or " CFNetwork/" in agent.ua_string:
        # The phone's own network library speaks for an app, and not for any browser.
        kind = "app"
    os_text = _joined(os, os_version)
    return Device(
        browser=_native_name(agent) if is_native else _joined(browser, version)[:100],
        os=os_text[:100],
        device=(_model(agent, kind) or os_text)[:100],
        kind=kind,
    )


def _kind(agent: Any) -> str:
    if agent.is_bot:
        return "bot"
    if agent.is_tablet:
        return "tablet"
    if agent.is_mobile:
        return "phone"
    if agent.is_pc:
        return "desktop"
    return "other"


def _model(agent: Any, kind: str) -> str:
    if kind not in {"phone", "tablet", "app"}:
        return ""
    brand, model = agent.device.brand or "", agent.device.model or ""
    if brand.startswith("Generic") or model in {"", "K", "Smartphone", "Tablet", "iOS-Device"}:
        return ""
    if brand == "Apple":
        return str(agent.device.family)
    return str(model) if model.lower().startswith(brand.lower()) else f"{brand} {model}"


def _native_name(agent: Any) -> str:
    """The app's own name where it gives one ("Sessions/4.1 CFNetwork/..."), or what it is."""
    first = agent.ua_string.partition("/")[0]
    return "Android app" if first == "Dalvik" else str(first)[:100]


def _joined(name: str, version: str) -> str:
    if name in {"", "Other"}:
        return ""
    return f"{name} {version}".strip()


def _major_minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
