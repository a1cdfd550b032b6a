"""What a request says of its client: its address, its device, and where that is."""

from sessions_admin.client.devices import device_of
from sessions_admin.client.hints import ACCEPT_CH, ClientHints
from sessions_admin.client.locations import location_of
from sessions_admin.client.origins import DeviceKind, Origin, OriginTexts, facts_of, noted
from sessions_admin.client.request import USER_AGENT_LENGTH, Client, client_of, ip_address_of
from sessions_admin.client.texts import printable

__all__ = [
    "ACCEPT_CH",
    "USER_AGENT_LENGTH",
    "Client",
    "ClientHints",
    "DeviceKind",
    "Origin",
    "OriginTexts",
    "client_of",
    "device_of",
    "facts_of",
    "ip_address_of",
    "location_of",
    "noted",
    "printable",
]
