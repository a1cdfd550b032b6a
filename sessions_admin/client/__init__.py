"""Read the client of a request: its IP address, its device and its location."""

from sessions_admin.client.devices import device_of
from sessions_admin.client.hints import ACCEPT_CH, ClientHints
from sessions_admin.client.locations import location_of
from sessions_admin.client.origins import DeviceKind, Origin, OriginTexts, facts_of, noted
from sessions_admin.client.request import Client, client_of, ip_address_of
from sessions_admin.client.texts import header_text, printable
from sessions_admin.client.user_agent import (
    USER_AGENT_LENGTH,
    attach_user_agent,
    share_reading,
    user_agent_of,
)
from sessions_admin.ip_addresses import canonical_ip

__all__ = [
    "ACCEPT_CH",
    "USER_AGENT_LENGTH",
    "Client",
    "ClientHints",
    "DeviceKind",
    "Origin",
    "OriginTexts",
    "attach_user_agent",
    "canonical_ip",
    "client_of",
    "device_of",
    "facts_of",
    "header_text",
    "ip_address_of",
    "location_of",
    "noted",
    "printable",
    "share_reading",
    "user_agent_of",
]
