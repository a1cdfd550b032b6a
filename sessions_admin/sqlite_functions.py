"""Gives connections to SQLite the functions that the search needs there, written in Python."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.db.backends.signals import connection_created

from sessions_admin import search_conditions
from sessions_admin.folding import fold


def connect() -> None:
    connection_created.connect(_give_functions, dispatch_uid="sessions_admin.sqlite_functions")


def _give_functions(connection: Any, **kwargs: Any) -> None:
    if connection.vendor != "sqlite":
        return
    for name, count, function in (
        ("sessions_admin_fold", 1, _fold),
        ("sessions_admin_has", 3, search_conditions.has),
        ("sessions_admin_in_network", 2, _is_in_network),
    ):
        connection.connection.create_function(name, count, function, deterministic=True)


def _fold(text: Any) -> str | None:
    return None if text is None else fold(str(text))


def _is_in_network(address: str | None, network: str) -> bool | None:
    """``None`` for no address, as in SQL."""
    if not address:
        return None
    return ipaddress.ip_address(address) in ipaddress.ip_network(network)
