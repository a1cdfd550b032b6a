"""The demo's sign-ins: person, device, address and time. They are the same every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Network

from .agents import BROWSERS, HANDHELD_BROWSERS, NATIVE_CLIENTS, Agent
from .locations import CITIES, networks_of
from .people import ACCOUNTS, PEOPLE, DemoPerson

OLDEST = timedelta(days=9)
PRIVATE_ADDRESSES = ("10.20.0.31", "192.168.1.44", "fd00:20::31")
UNMAPPED_ADDRESSES = ("198.19.250.7", "2001:db8:ffff::7")


@dataclass(frozen=True)
class Visit:
    """One sign-in; `account` is the slug of the chosen account, None for a person without accounts.

    `moved_to` is the address that the session uses later, if it changes.
    """

    person: DemoPerson
    account: str | None
    application: str
    agent: Agent
    ip_address: str
    signed_in_ago: timedelta
    seen_ago: timedelta
    moved_to: str | None


class Planner:
    """Draws the visits of one person: a few devices of their own, mostly from their home city."""

    def __init__(self, person: DemoPerson, rng: random.Random) -> None:
        self.person = person
        self.rng = rng
        self.computers = rng.sample(BROWSERS, 3)
        self.handhelds = rng.sample(HANDHELD_BROWSERS, 2)
        self.native = rng.choice(NATIVE_CLIENTS)
        self.home_address = self.address_in(person.city)

    def visits(self) -> Iterator[Visit]:
        for number in range(self.person.sessions):
            application = self.application()
            signed_in_ago = OLDEST * self.rng.random() ** 2
            yield Visit(
                person=self.person,
                account=self.account(number),
                application=application,
                agent=self.agent(application),
                ip_address=self.address(),
                signed_in_ago=signed_in_ago,
                seen_ago=signed_in_ago * self.rng.random() ** 3,
                moved_to=self.move(),
            )

    def account(self, number: int) -> str | None:
        slugs = list(self.person.roles)
        return slugs[number % len(slugs)] if slugs else None

    def application(self) -> str:
        administers = self.person.is_superuser or any(
            role.value != "member" for role in self.person.roles.values()
        )
        weights = (5, 4, 2) if administers else (6, 1, 3)
        return self.rng.choices(("web", "management", "mobile"), weights)[0]

    def move(self) -> str | None:
        """Return a new address for one session in thirty, else None."""
        return self.address_in(self.rng.choice(CITIES)) if self.rng.random() < 1 / 30 else None

    def agent(self, application: str) -> Agent:
        if application == "mobile":
            return self.native
        return self.rng.choice(self.computers + self.handhelds)

    def address(self) -> str:
        """Return a home address most of the time; else the office, a trip, an unmapped network."""
        draw = self.rng.random()
        if draw < 0.50:
            return self.home_address
        if draw < 0.80:
            return self.address_in(self.person.city)
        if draw < 0.87:
            return self.office_address()
        if draw < 0.92:
            return self.address_in(self.rng.choice(CITIES))
        return self.rng.choice(PRIVATE_ADDRESSES if draw < 0.97 else UNMAPPED_ADDRESSES)

    def office_address(self) -> str:
        """Return the one address that everybody in an account's office shares."""
        for account in ACCOUNTS:
            if account.slug in self.person.roles and account.city == self.person.city:
                return str(networks_of(account.city)[0][1])
        return self.home_address

    def address_in(self, city: str) -> str:
        network = self.rng.choice(networks_of(city))
        if isinstance(network, IPv6Network):
            return str(network[self.rng.getrandbits(64)])
        return str(network[self.rng.randrange(2, network.num_addresses - 1)])


def plan() -> list[Visit]:
    """Return all visits, oldest first."""
    rng = random.Random("Sessions Admin")  # noqa: S311  (the same demo for everybody)
    visits = [visit for person in PEOPLE for visit in Planner(person, rng).visits()]
    return sorted(visits, key=lambda visit: visit.signed_in_ago, reverse=True)
