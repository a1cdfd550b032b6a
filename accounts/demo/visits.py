"""The demo's sign-ins: person, device, address and time. They are the same every time."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import IPv6Network

from .agents import BROWSERS, HANDHELD_BROWSERS, NATIVE_CLIENTS, Agent
from .locations import networks_of
from .people import ACCOUNTS, PEOPLE, DemoPerson

OLDEST = timedelta(days=9)
# The first visits of each person, which define what is usual for them.
USUAL = 3
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


@dataclass(frozen=True)
class Story:
    """A person's newest visit, which raises flags.

    It comes from ``city`` or ``agent`` if given, and goes on in ``moved_to``. The person's other
    visits were last active ``pause`` before it, and one of them returns home ``back`` later.
    """

    signed_in_ago: timedelta
    seen_ago: timedelta
    city: str = ""
    agent: Agent | None = None
    moved_to: str = ""
    pause: timedelta | None = None
    back: timedelta | None = None


TABLETS = [a for a in HANDHELD_BROWSERS if "iPad" in a.user_agent or "SM-X710" in a.user_agent]
# Few, so that each stands out, and all in the account of the demo's admin.
STORIES = {
    "lena@acme.example": Story(
        timedelta(hours=6), timedelta(hours=5), "San Francisco", pause=timedelta(hours=4)
    ),
    "emily@acme.example": Story(
        timedelta(hours=9),
        timedelta(hours=8),
        "London",
        pause=timedelta(hours=30),
        back=timedelta(hours=3),
    ),
    "aiko@acme.example": Story(timedelta(hours=3), timedelta(hours=1), moved_to="Lagos"),
    "luca@acme.example": Story(timedelta(hours=20), timedelta(hours=2), "Zürich"),
    "grace@acme.example": Story(timedelta(hours=2), timedelta(minutes=20), agent=TABLETS[0]),
}


class Planner:
    """Draws the visits of one person: a few devices of their own, from their home city.

    The first three visits are at home, on each type of device that the person has, so that no
    later visit is unusual by chance.
    """

    def __init__(self, person: DemoPerson, rng: random.Random) -> None:
        self.person = person
        self.rng = rng
        self.computers = rng.sample(BROWSERS, 3)
        self.story = STORIES.get(person.email)
        is_new_tablet = self.story is not None and self.story.agent in TABLETS
        self.handheld = rng.choice(
            [agent for agent in HANDHELD_BROWSERS if not (is_new_tablet and agent in TABLETS)]
        )
        self.native = rng.choice(NATIVE_CLIENTS)
        self.home_address = self.address_in(person.city)

    def visits(self) -> list[Visit]:
        times = sorted(
            (OLDEST * self.rng.random() ** 2 for _ in range(self.person.sessions)), reverse=True
        )
        visits = [self.visit(number, ago) for number, ago in enumerate(times)]
        return self.retold(self.story, visits) if self.story else visits

    def visit(self, number: int, signed_in_ago: timedelta) -> Visit:
        application = self.application(number)
        return Visit(
            person=self.person,
            account=self.account(number),
            application=application,
            agent=self.agent(application, number),
            ip_address=self.home_address if number < USUAL else self.address(),
            signed_in_ago=signed_in_ago,
            seen_ago=signed_in_ago * self.rng.random() ** 3,
            moved_to=self.move(),
        )

    def retold(self, story: Story, visits: list[Visit]) -> list[Visit]:
        """Return the visits with the newest one, in the person's main account, as in the story."""
        *others, newest = visits
        quiet_since = story.signed_in_ago + (story.pause or timedelta())
        if story.pause:
            others = [
                replace(
                    visit,
                    signed_in_ago=max(visit.signed_in_ago, quiet_since + timedelta(hours=number)),
                    seen_ago=max(visit.seen_ago, quiet_since),
                )
                for number, visit in enumerate(reversed(others))
            ][::-1]
        if story.back:
            home_again = story.signed_in_ago - story.back
            others[-1] = replace(
                others[-1], signed_in_ago=home_again, seen_ago=home_again / 2, moved_to=None
            )
        newest = replace(
            newest,
            account=next(iter(self.person.roles)),
            application="web",
            agent=story.agent or self.computers[0],
            ip_address=self.address_in(story.city) if story.city else self.home_address,
            signed_in_ago=story.signed_in_ago,
            seen_ago=story.seen_ago,
            moved_to=self.address_in(story.moved_to) if story.moved_to else None,
        )
        return [*others, newest]

    def account(self, number: int) -> str | None:
        slugs = list(self.person.roles)
        return slugs[number % len(slugs)] if slugs else None

    def application(self, number: int) -> str:
        administers = self.person.is_superuser or any(
            role.value != "member" for role in self.person.roles.values()
        )
        weights = (5, 4, 2) if administers else (6, 1, 3)
        drawn = self.rng.choices(("web", "management", "mobile"), weights)[0]
        return drawn if number >= USUAL else "mobile" if number == USUAL - 1 else "web"

    def move(self) -> str | None:
        """Return a new address in the same city for one session in thirty, else None."""
        return self.address_in(self.person.city) if self.rng.random() < 1 / 30 else None

    def agent(self, application: str, number: int) -> Agent:
        if application == "mobile":
            return self.native
        if number < USUAL:
            return (self.computers[0], self.handheld)[number]
        return self.rng.choice([*self.computers, self.handheld])

    def address(self) -> str:
        """Return a home address most of the time; else the office or a network without a city."""
        draw = self.rng.random()
        if draw < 0.55:
            return self.home_address
        if draw < 0.85:
            return self.address_in(self.person.city)
        if draw < 0.92:
            return self.office_address()
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
