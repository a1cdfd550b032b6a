"""Name the operating system of a client, and its version where it is known."""

from __future__ import annotations

from sessions_admin.client.hints import ClientHints
from sessions_admin.client.names import OS_NAMES
from sessions_admin.client.programs import is_native
from sessions_admin.client.user_agent import UserAgent

# Every Mac sends 10.15 and every ChromeOS 14541; Linux sends its kernel's version or none.
OS_WITHOUT_VERSION = {"macOS", "Linux", "ChromeOS", "HP-UX", "Fuchsia"}
# Versions that iOS 26 and later send in Safari and in apps with a web view.
FROZEN_IOS = {"18.6", "18.7"}
# Android API levels, which some apps send in place of the version.
API_LEVELS = {str(level) for level in range(21, 60)}
# Platform versions in the hints of Windows before 10.
OLD_WINDOWS = {"0.1": "7", "0.2": "8", "0.3": "8.1"}


def system_of(agent: UserAgent, hints: ClientHints) -> tuple[str, str]:
    name = OS_NAMES.get(agent.os.family, agent.os.family)
    if name == "Other":
        return "", ""
    version = _os_version(name, agent)
    if OS_NAMES.get(hints.platform, hints.platform) == name:
        version = _hinted_os_version(name, hints.platform_version) or version
    if name == "iOS" and (agent.device.family == "iPad" or "(iPad" in agent.ua_string):
        name = "iPadOS"
    return name, version


def _os_version(name: str, agent: UserAgent) -> str:
    version = _major_minor(agent.os_version)
    if name == "Android" and version.partition(".")[0] in API_LEVELS:
        return ""
    if name in OS_WITHOUT_VERSION or (name == "Windows" and version == "10"):
        return ""
    return _ios_version(agent, version) if name == "iOS" else version


def _ios_version(agent: UserAgent, version: str) -> str:
    """Return the version of iOS. Since iOS 26 it is Safari's, as the system's own is frozen.

    Chrome, the Google app and native apps still send the system's real version.
    """
    asked = not agent.products.keys().isdisjoint({"CriOS", "GSA"})
    if agent.os_version not in FROZEN_IOS or asked or is_native(agent):
        return version
    safari = agent.products.get("Version", "")
    return version if safari.startswith(("17.", "18.")) else _major_minor(safari)


def _hinted_os_version(name: str, said: str) -> str:
    """Return the version in everyday terms for a hint's platform version.

    Empty for Linux and ChromeOS, whose numbers people do not know.

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
