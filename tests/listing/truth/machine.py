"""The base of all histories: people, browsers, requests, and the comparison with the list."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from contextlib import ExitStack
from typing import Any

from django.conf import settings as site
from django.db import models
from django.test import override_settings
from django.test.client import ClientHandler
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
)

from accounts.models import Account, User
from sessions_admin.models import TrackedSession
from sessions_admin.tracking import throttle
from tests.listing.truth.pages import Page, Person, Seen, read_page
from tests.listing.truth.steps import (
    ENTRANCES,
)
from tests.listing.truth.stores import Store, empty_database
from tests.support.browsing import LIST, Browser
from tests.support.factories import AccountFactory, MembershipFactory, UserFactory


class Machine(RuleBasedStateMachine):
    def __init__(self, name: str, failures: list[logging.LogRecord]) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.failures = failures
        self.store = Store(name)
        self.store.empty()
        empty_database()
        throttle.forget()
        self.handler = ClientHandler(enforce_csrf_checks=False)
        self.numbers = iter(range(1, 1_000_000))
        # The address of the login behind each session key ever issued.
        self.address_of: dict[str, str] = {}
        # Keys that no request has shown to the app, or none since their row was deleted.
        self.unseen: set[str] = set()
        # Keys of sessions that have ended.
        self.buried: set[str] = set()
        self.secrets = [site.SECRET_KEY]

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.compare_both()
                # Every session has been seen by now, so none is excused.
                self.show_all()
                self.compare_both()
        finally:
            self.stack.close()

    @initialize(
        watched=st.sampled_from([False, False, True]),
        save_every_request=st.booleans(),
        interval=st.sampled_from([60, 600]),
    )
    def begin(self, watched: bool, save_every_request: bool, interval: int) -> None:
        self.watched = watched
        self.save_every_request = save_every_request
        ours = site.SESSIONS_ADMIN | {"PAGE_SIZE": 500, "ACTIVITY_INTERVAL": interval}
        self.set(
            ROOT_URLCONF="tests.listing.truth.host_urls",
            SESSION_SAVE_EVERY_REQUEST=save_every_request,
            SESSIONS_ADMIN=ours,
        )
        self.acme, self.globex = (AccountFactory(name=self.new_name()) for _ in range(2))
        self.people = [
            self.hire(self.acme, self.globex),
            self.hire(self.acme),
            self.hire(self.globex),
        ]
        self.browsers = [self.new_browser() for _ in range(4)]
        self.admins = {
            "operator": Person(UserFactory(is_superuser=True)),
            "account admin": Person(MembershipFactory(account=self.acme, role="admin").user),
        }
        self.admin_browsers = {name: self.new_browser() for name in self.admins}
        for browser, person in enumerate([0, 0, 1]):
            self.enter(self.browsers[browser], self.people[person], "web")

    @invariant()
    def list_is_the_truth(self) -> None:
        # Reading the page sends a request for every session, so most histories do it only at the
        # end.
        if getattr(self, "watched", False):
            self.compare(self.read("operator"))

    def compare_both(self) -> None:
        # In this order, because the operator's list includes the account admin's sign-in.
        of_account, of_all = self.read("account admin"), self.read("operator")
        expected = Counter()
        if not of_account.locked:
            acme = self.account_names()[str(self.acme.pk)]
            expected.update({s: n for s, n in of_all.rows.items() if s.account == acme})
        assert of_account.rows == expected
        self.compare(of_all)

    def compare(self, page: Page) -> None:
        """Compare the page with the answer to each cookie. The requests may change sessions."""
        excused = {self.address_of[key] for key in self.unseen}
        listed = Counter({s: n for s, n in page.rows.items() if s.address not in excused})
        living = self.living()
        assert listed == living, (
            f"listed, not signed in: {listed - living}; signed in, not listed: {living - listed}"
        )
        assert not self.failures, self.failures[0].getMessage()

    def living(self) -> Counter[Seen]:
        living: Counter[Seen] = Counter()
        for key in [key for key in self.address_of if key not in self.unseen]:
            if seen := self.probe(key):
                assert key not in self.buried, "A session came back to life"
                living[seen] += 1
        return living

    def probe(self, key: str) -> Seen | None:
        """Return what a request with this cookie is answered."""
        browser = self.new_browser()
        browser.cookies["sessionid"] = key
        answer = self.request(browser, "get", "/api/mobile/me/")
        assert answer.status_code in {200, 401}, answer.content
        if browser.key and browser.key != key:
            # The key was rotated, so every browser with the old one gets the new one.
            for holder in [*self.browsers, *self.admin_browsers.values()]:
                if holder.key == key:
                    holder.cookies["sessionid"] = browser.key
        if answer.status_code == 401:
            return None
        body = answer.json()
        account = body["account"] or {"id": ""}
        name = self.account_names().get(account["id"], "")
        return Seen(self.address_of[key], body["person"]["email"], name)

    def show_all(self) -> None:
        for key in list(self.unseen):
            self.probe(key)

    def read(self, admin: str, query: str = "") -> Page:
        """Read the page as this admin, signing in again if necessary."""
        browser, person = self.admin_browsers[admin], self.admins[admin]
        answer = self.request(browser, "get", LIST + query)
        if answer.status_code == 302:
            self.enter(browser, person, "management")
            answer = self.request(browser, "get", LIST + query)
        assert answer.status_code == 200
        return read_page(answer.content.decode(), list(self.account_names().values()))

    def addresses_in(self, account: Account, *people: User) -> set[str]:
        """Return the addresses at which the person, or any member, is signed in to the account."""
        name, emails = self.account_names()[str(account.pk)], [p.email for p in people]
        rows = self.read("operator").rows
        return {s.address for s in rows if s.account == name and (not emails or s.email in emails)}

    def account_names(self) -> dict[str, str]:
        return {str(pk): name for pk, name in Account.objects.values_list("pk", "name")}

    def enter(self, browser: Browser, person: Person, entrance: str, **more: Any) -> None:
        """Sign in from a new address."""
        if not self.refresh(person).is_active:
            return
        before, address = browser.key, self.new_address()
        fields = {"username": person.user.email, "password": person.password}
        if as_json := entrance in {"mobile", "host"}:
            fields = {"email": person.user.email, "password": person.password} | more
        answer = self.post(browser, ENTRANCES[entrance], fields, json=as_json, address=address)
        if answer.status_code == 400:
            # Django could not save a cached copy whose row is gone; the copy stays half signed in.
            self.store.evict(before)
        if answer.status_code in {400, 503}:
            return
        assert answer.status_code == (200 if as_json else 302), answer.content
        self.issue(browser.key, address)
        if before != browser.key:
            self.buried.add(before)

    def post(
        self, browser: Browser, url: str, fields: Any = None, json: bool = False, **more: Any
    ) -> Any:
        kind = {"content_type": "application/json"} if json else {}
        return self.request(browser, "post", url, data=fields or {}, **kind, **more)

    def request(
        self,
        browser: Browser,
        method: str,
        url: str,
        *,
        address: str = "",
        seen: bool = True,
        **more: Any,
    ) -> Any:
        """Send a request from the address of the session's login."""
        key = browser.key
        at = self.address_of.get(key) or self.new_address()
        answer = getattr(browser, method)(url, REMOTE_ADDR=address or at, **more)
        if seen and answer.status_code < 500:
            self.unseen.discard(key)
        if browser.key and browser.key not in self.address_of:
            self.issue(browser.key, at)
        return answer

    def issue(self, key: str, address: str) -> None:
        self.address_of[key] = address

    def bury(self, addresses: set[str]) -> None:
        self.buried |= {key for key, at in self.address_of.items() if at in addresses}

    def in_use(self, browser: int) -> Browser:
        """Return this browser, or the next one that the app has as signed in."""
        order = self.browsers[browser:] + self.browsers[:browser]
        rows = TrackedSession.objects.filter(session_key__in=[b.key for b in order])
        known = set(rows.values_list("session_key", flat=True))
        return next((b for b in order if b.key in known), order[0])

    def person_in(self, browser: Browser) -> Person | None:
        """Return the person this browser is signed in as, if they still exist."""
        seen = self.probe(browser.key) if browser.key else None
        return next((p for p in self.people if seen and p.user.email == seen.email), None)

    def new_browser(self) -> Browser:
        browser = Browser()
        # Loading the middleware for each browser would take most of the time.
        browser.handler = self.handler
        return browser

    def new_address(self) -> str:
        number = next(self.numbers)
        return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"

    def new_name(self) -> str:
        return f"Account {next(self.numbers):07}"

    def new_password(self) -> str:
        return f"a-quite-different-{next(self.numbers)}"

    def hire(self, *accounts: Account) -> Person:
        person = Person(UserFactory(is_staff=True))
        for account in accounts:
            MembershipFactory(user=person.user, account=account)
        return person

    def refresh(self, person: Person) -> User:
        person.user.refresh_from_db()
        return person.user

    def row_of(self, person: Person) -> models.QuerySet[User]:
        return User.objects.filter(pk=person.user.pk)

    def set(self, **changed: Any) -> None:
        self.stack.enter_context(override_settings(**changed))
