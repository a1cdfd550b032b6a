"""The names a host may import and the signals it may receive exist as documented."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from django.dispatch import Signal

from sessions_admin import signals
from tests.support.servers import ROOT

INTEGRATION = (ROOT / "docs" / "integration.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[str]:
    """Return the first cells of the table below this heading."""
    _, _, section = INTEGRATION.partition(f"\n## {heading}\n")
    section = section.partition("\n## ")[0]
    return [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]


NAMES = [name for cell in rows("What you may import") for name in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_there_and_documented(name):
    module, _, attribute = name.rpartition(".")
    assert getattr(import_module(module), attribute).__doc__


def test_the_public_names_of_the_house_are_listed():
    for name in (
        "sessions_admin.resolvers.AccountRef",
        "sessions_admin.termination.terminate",
        "sessions_admin.termination.end",
        "sessions_admin.reauthentication.proved",
        "sessions_admin.reauthentication.try_password",
        "sessions_admin.redaction.KeyRedaction",
    ):
        assert name in NAMES


def test_every_signal_is_documented():
    there = {name for name, found in vars(signals).items() if isinstance(found, Signal)}
    assert {cell.strip(" `") for cell in rows("Signals")} == there
