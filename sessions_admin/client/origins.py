"""The origins of a session: its address, location, device and browser, at sign-in and since."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from sessions_admin.client import countries, locations
from sessions_admin.client.devices import known_device_of
from sessions_admin.client.locations import location_of
from sessions_admin.client.request import Client
from sessions_admin.moments import as_kept

logger = logging.getLogger(__name__)

# How many other origins a row keeps; the least recently seen one is dropped.
REMEMBERED = 5
LONG_AGO = datetime.fromtimestamp(0, UTC)


class DeviceKind(models.TextChoices):
    DESKTOP = "desktop", _("Desktop")
    PHONE = "phone", _("Phone")
    TABLET = "tablet", _("Tablet")
    BOT = "bot", _("Bot")
    APP = "app", _("App")
    OTHER = "other", _("Other device")


class OriginTexts:
    """Texts about an origin, from the attributes that a row and an ``Origin`` share."""

    ip_address: Any
    user_agent: Any
    country_code: Any
    country: Any
    region: Any
    city: Any
    browser: Any
    browser_version: Any
    os: Any
    os_version: Any
    device: Any
    device_kind: Any

    def is_from(self, client: Client) -> bool:
        """Whether this is the same address and browser."""
        return (self.ip_address, self.user_agent) == (client.ip_address, client.user_agent)

    @property
    def location(self) -> str:
        """City and country, or why there are none."""
        if self.city or self.country:
            return _together(self.city, self.country_name)
        return gettext("Private network") if self.is_private else gettext("Unknown location")

    @property
    def location_phrase(self) -> str:
        """The location as part of a sentence, to follow "from"."""
        if self.city or self.country:
            return self.location
        if self.is_private:
            return gettext("a private network (no location)")
        return gettext("an unknown location")

    @property
    def location_in_full(self) -> str:
        """City, region and country."""
        region = self.region if self.region != self.city else ""
        return _together(self.city, region, self.country_name) or self.location

    @property
    def country_name(self) -> str:
        return countries.name(self.country_code, self.country)

    @property
    def country_flag(self) -> str:
        return countries.flag(self.country_code)

    @property
    def is_private(self) -> bool:
        return locations.is_private(self.ip_address)

    @property
    def device_label(self) -> str:
        """Browser and device in one phrase: "Chrome on Pixel 8"."""
        return device_labels()(self.browser, self.device)

    def is_same_device(self, other: OriginTexts) -> bool:
        """Whether this is the same browser and device, which may have been updated since."""
        return (self.browser, self._unversioned) == (other.browser, other._unversioned)

    @property
    def _unversioned(self) -> tuple[str, str]:
        """The device; where its model is unknown, the system without its version, and the kind."""
        named_by_system = self.device == self.os_text
        return (str(self.os), str(self.device_kind)) if named_by_system else (str(self.device), "")

    @property
    def kind_text(self) -> str:
        """The kind in words; that of other devices for one that another version has written."""
        return str(dict(DeviceKind.choices).get(self.device_kind, DeviceKind.OTHER.label))

    @property
    def browser_text(self) -> str:
        """The browser and its major version; empty when unknown."""
        return f"{self.browser} {self.browser_version.partition('.')[0]}".strip()

    @property
    def browser_in_full(self) -> str:
        return f"{self.browser} {self.browser_version}".strip()

    @property
    def os_text(self) -> str:
        return f"{self.os} {self.os_version}".strip()


def _together(*parts: str) -> str:
    return pgettext("between parts of a location", ", ").join(part for part in parts if part)


@dataclass(frozen=True)
class Origin(OriginTexts):
    """Another address or browser that a session has been used from since its sign-in."""

    ip_address: str | None
    user_agent: str
    first_seen_at: datetime
    last_seen_at: datetime
    country_code: str = ""
    country: str = ""
    region: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None
    browser: str = ""
    browser_version: str = ""
    os: str = ""
    os_version: str = ""
    device: str = ""
    device_kind: str = "other"

    @classmethod
    def described(cls, ip_address: str | None = None, **texts: Any) -> Origin:
        """Return an origin of these texts, without moments, for what pages would say of it."""
        return cls(ip_address, "", first_seen_at=LONG_AGO, last_seen_at=LONG_AGO, **texts)

    @classmethod
    def of(cls, client: Client, now: datetime) -> Origin:
        return cls(**facts_of(client), first_seen_at=now, last_seen_at=now)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Origin:
        """Read an origin from a row's JSON, ignoring keys of other versions of this class."""
        known = {f.name: stored[f.name] for f in fields(cls) if f.name in stored}
        moments = {
            name: as_kept(parse_datetime(known[name]) or timezone.now())
            for name in ("first_seen_at", "last_seen_at")
        }
        return cls(**{**known, **moments})

    @classmethod
    def read_all(cls, stored: Any, *, limit: int | None = None) -> list[Origin]:
        """Read the origins from a row's JSON, skipping and logging those that are malformed."""
        found = []
        for origin in stored[:limit] if isinstance(stored, list) else []:
            try:
                found.append(cls.read(origin))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                logger.warning("An origin on record cannot be read: %s", type(error).__name__)
        return found

    def stored(self) -> dict[str, Any]:
        moments = {n: getattr(self, n).isoformat() for n in ("first_seen_at", "last_seen_at")}
        return asdict(self) | moments


def facts_of(client: Client) -> dict[str, Any]:
    """Return the address, location and device of a client, keyed by column name."""
    device = known_device_of(client.user_agent, client.hints, client.read_user_agent)
    named = dict(vars(device))
    return {
        "ip_address": client.ip_address,
        "user_agent": client.user_agent,
        "device_kind": named.pop("kind"),
        **named,
        **vars(location_of(client.ip_address)),
    }


def noted(stored: list[dict[str, Any]], client: Client, now: datetime) -> list[dict[str, Any]]:
    """Return a row's other origins with the client's own added or updated, latest first."""
    known = Origin.read_all(stored)
    same = [origin for origin in known if origin.is_from(client)]
    new = Origin.of(client, now).stored()
    if same:
        new["first_seen_at"] = same[0].first_seen_at.isoformat()
    others = [origin.stored() for origin in known if not origin.is_from(client)]
    return [new, *others][:REMEMBERED]


def device_labels() -> Callable[[str, str], str]:
    """Return a function from browser and device to ``device_label``, for many of them."""
    both, unknown = gettext("%(browser)s on %(device)s"), gettext("Unknown device")

    def label(browser: str, device: str) -> str:
        if browser and device:
            return both % {"browser": browser, "device": device}
        return browser or device or unknown

    return label
