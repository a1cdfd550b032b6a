"""What a page shows."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html import unescape
from typing import NamedTuple

from accounts.models import User
from tests.support.factories import PASSWORD


class Seen(NamedTuple):
    """A session as the page shows it, or as a request with its cookie is answered."""

    address: str
    email: str
    account: str


@dataclass
class Person:
    user: User
    password: str = PASSWORD


@dataclass
class Page:
    """The list as one person reads it."""

    rows: Counter[Seen] = field(default_factory=Counter)
    actions: dict[str, str] = field(default_factory=dict)
    locked: bool = False


def read_page(html: str, account_names: list[str]) -> Page:
    if "Upgrade to see active user sessions" in html:
        return Page(locked=True)
    page = Page()
    for row in re.findall(r"<tr\b.*?</tr>", html, re.S):
        if found := re.search(r'href="([^"]*/terminate/[^"]*)"', row):
            text = unescape(re.sub(r"<[^>]+>", " ", row))
            address = re.search(r"\b10\.\d+\.\d+\.\d+\b", text)[0]
            email = re.search(r"\S+@\S+", text)[0]
            account = next((name for name in account_names if name in text), "")
            page.rows[Seen(address, email, account)] += 1
            page.actions[address] = unescape(found[1])
    count = re.search(r"(\d+) (?:active|matching) session", html)
    assert int(count[1]) == page.rows.total(), "The page counts other than it lists"
    return page
