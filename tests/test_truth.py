"""The list is the truth: whatever happens to sessions, the page shows those that are signed in.

Hypothesis makes up histories of people, browsers and operators. After their steps the list as
two admins read it is held against what a request with each cookie ever issued is answered. Every
login comes from an address of its own, so a row on the page and a cookie are told apart by that.

The histories are the same in every run. ``TRUTH_EXAMPLES=300`` makes up that many new ones.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from html import unescape
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.conf import settings as site
from django.contrib.auth import authenticate, login
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection, models, transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.test.client import ClientHandler
from django.urls import path
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Account, Membership, User
from sessions_admin.models import TrackedSession
from sessions_admin.project.urls import urlpatterns as site_urls
from sessions_admin.tracking import recent

from .browsing import LIST, Browser
from .engine_fixtures import engine  # noqa: F401
from .factories import PASSWORD, AccountFactory, MembershipFactory, UserFactory

ENTRANCES = {
    "web": "/accounts/login/",
    "management": "/account-management/login/",
    "django admin": "/admin/login/?next=/",
    "mobile": "/api/mobile/sign-in/",
    "host": "/host/sign-in/",
}
EXITS = {
    "web": "/accounts/logout/",
    "mobile": "/api/mobile/sign-out/",
    "django admin": "/admin/logout/",
}
VISITS = {
    "reads": "/",
    "changes the session": "/host/note/",
    "rotates the key": "/host/rotate/",
    "looks at nothing": "/host/quiet/",
    "fails": "/host/fail/",
    "forgets the session": "/host/flush/",
    "empties the session": "/host/clear/",
}
UNSEEN_VISITS = {"looks at nothing", "fails"}
EXAMPLES = os.environ.get("TRUTH_EXAMPLES")


# --- What a host's own views do to sessions -------------------------------------------------------


def host_sign_in(request: HttpRequest) -> HttpResponse:
    """Somebody's API: ``login()`` and a life of its own for the session."""
    given = json.loads(request.body)
    user = authenticate(request, username=given["email"], password=given["password"])
    login(request, user)
    request.session.set_expiry(given.get("life"))
    return HttpResponse(status=given.get("status", 200))


def host_remember(request: HttpRequest, seconds: int) -> HttpResponse:
    request.session.set_expiry(seconds)
    return HttpResponse(status=204)


def host_note(request: HttpRequest) -> HttpResponse:
    request.session["note"] = request.session.get("note", 0) + 1
    return HttpResponse(status=204)


def host_rotate(request: HttpRequest) -> HttpResponse:
    request.session.cycle_key()
    return HttpResponse(status=204)


def host_quiet(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)


def host_fail(request: HttpRequest) -> HttpResponse:
    request.session["note"] = "not to be saved"
    return HttpResponse(status=503)


def host_flush(request: HttpRequest) -> HttpResponse:
    request.session.flush()
    return HttpResponse(status=204)


def host_clear(request: HttpRequest) -> HttpResponse:
    request.session.clear()
    return HttpResponse(status=204)


urlpatterns = [
    path("host/sign-in/", host_sign_in),
    path("host/remember/<int:seconds>/", host_remember),
    path("host/note/", host_note),
    path("host/rotate/", host_rotate),
    path("host/quiet/", host_quiet),
    path("host/fail/", host_fail),
    path("host/flush/", host_flush),
    path("host/clear/", host_clear),
    *site_urls,
]


# --- The store, as its operator holds it in hand --------------------------------------------------


class Store:
    """Changes the session store around Django and the app."""

    def __init__(self, name: str) -> None:
        self.engine = name.partition("-")[0]
        self.cache = caches["default"]

    def lose(self, key: str, *, with_copy: bool) -> None:
        """Delete an entry; for ``cached_db`` its row, and the cached copy only on request."""
        if self.engine in {"db", "cached_db"}:
            Session.objects.filter(session_key=key).delete()
        if self.engine == "cache" or with_copy:
            self.evict(key)
        if self.engine == "file":
            self._file(key).unlink(missing_ok=True)

    def evict(self, key: str) -> None:
        self.cache.delete(self._cache_key(key))

    def copy(self, key: str) -> Callable[[], None]:
        """What puts the entry back as it is now, as a request that is late in saving does.

        ``db`` saves late by an update that finds no row.
        """
        if self.engine == "file" and self._file(key).exists():
            return partial(self._file(key).write_bytes, self._file(key).read_bytes())
        name = self._cache_key(key)
        if self.engine in {"cache", "cached_db"} and name in self.cache:
            return partial(self.cache.set, name, self.cache.get(name), site.SESSION_COOKIE_AGE)
        return lambda: None

    def clear_cache(self) -> None:
        self.cache.clear()

    def age(self, by: timedelta) -> None:
        """Let time pass: everything in the store becomes that much older."""
        if self.engine == "file":
            for file in self._folder.iterdir():
                written = file.stat().st_mtime - by.total_seconds()
                os.utime(file, (written, written))
        if hasattr(self.cache, "_expire_info"):
            expiries = self.cache._expire_info
            expiries.update({k: at and at - by.total_seconds() for k, at in expiries.items()})
        else:
            self._age_redis(by)

    def _age_redis(self, by: timedelta) -> None:
        client = self.cache._cache.get_client(write=True)
        for name in client.scan_iter():
            left = client.pttl(name)
            if left >= 0:
                # A life that is over deletes the key.
                client.pexpire(name, left - int(by.total_seconds() * 1000))

    def empty(self) -> None:
        self.cache.clear()
        if self.engine == "file":
            for file in self._folder.iterdir():
                file.unlink()

    def _cache_key(self, key: str) -> str:
        store = import_module(site.SESSION_ENGINE).SessionStore
        return getattr(store, "cache_key_prefix", "") + key

    def _file(self, key: str) -> Path:
        return self._folder / (site.SESSION_COOKIE_NAME + key)

    @property
    def _folder(self) -> Path:
        return Path(site.SESSION_FILE_PATH)


def age_database(by: timedelta) -> None:
    """Let time pass for every moment that the database knows of sessions."""
    for model in (Session, *apps.get_app_config("sessions_admin").get_models()):
        moments = [f.name for f in model._meta.fields if isinstance(f, models.DateTimeField)]
        model._base_manager.update(**{name: F(name) - by for name in moments})


def empty_database() -> None:
    labels = ("sessions_admin", "sessions", "accounts")
    with transaction.atomic():
        for label in labels:
            for model in apps.get_app_config(label).get_models():
                model._base_manager.all()._raw_delete(connection.alias)


# --- What there is to see -------------------------------------------------------------------------


class Seen(NamedTuple):
    """A session, as the page shows it and as a request with its cookie is answered."""

    address: str
    email: str
    account: str


@dataclass
class Person:
    user: User
    password: str = PASSWORD


@dataclass
class Page:
    """What somebody reads on the list."""

    rows: Counter[Seen] = field(default_factory=Counter)
    actions: dict[str, str] = field(default_factory=dict)
    locked: bool = False


def read_page(html: str, account_names: list[str]) -> Page:
    if "is part of Advanced security" in html:
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


# --- The histories --------------------------------------------------------------------------------

PEOPLE = st.integers(0, 2)
BROWSERS = st.integers(0, 3)
ADMINS = st.sampled_from(["operator", "account admin"])
LIVES = st.sampled_from([100, 30 * 86_400, 0])
PAUSES = st.sampled_from([timedelta(minutes=11), timedelta(days=8), timedelta(days=15)])
WAYS = st.sampled_from(["saved", "updated"])


class Step(NamedTuple):
    """Something that happens: a method of the history, and with what."""

    name: str
    values: dict[str, Any]

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v!r}' for k, v in self.values.items())})"


# Not a rule each: hypothesis leaves many rules out of any one history, and we have few histories.
STEPS: list[st.SearchStrategy[Step]] = []


def step(weight: int = 1, **values: st.SearchStrategy[Any]) -> Callable[[Any], Any]:
    def add(method: Any) -> Any:
        make = partial(Step, method.__name__)
        STEPS.extend(st.fixed_dictionaries(values).map(make) for _ in range(weight))
        return method

    return add


class Histories(RuleBasedStateMachine):
    def __init__(self, name: str, failures: list[logging.LogRecord]) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.failures = failures
        self.store = Store(name)
        self.store.empty()
        empty_database()
        recent.forget()
        self.handler = ClientHandler(enforce_csrf_checks=False)
        self.numbers = iter(range(1, 1_000_000))
        # The address of the login behind each session key that was ever issued.
        self.address_of: dict[str, str] = {}
        # Keys that no request has shown to the app, or not since their row went.
        self.unseen: set[str] = set()
        # Keys that were ended for good.
        self.buried: set[str] = set()
        self.secrets = [site.SECRET_KEY]

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.compare_both()
                # Now every session has been seen, so nothing is excused any more.
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
            ROOT_URLCONF=__name__,
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

    # --- People in their browsers

    @step(weight=4, browser=BROWSERS, person=PEOPLE, entrance=st.sampled_from(list(ENTRANCES)))
    def sign_in(self, browser: int, person: int, entrance: str) -> None:
        """By any entrance; over somebody else, or oneself, where the browser is in use."""
        self.enter(self.browsers[browser], self.people[person], entrance)

    @step(browser=BROWSERS, entrance=st.sampled_from(list(ENTRANCES)))
    def sign_in_again(self, browser: int, entrance: str) -> None:
        if person := self.person_in(self.browsers[browser]):
            self.enter(self.browsers[browser], person, entrance)

    @step(browser=BROWSERS, person=PEOPLE, life=LIVES)
    def sign_in_for(self, browser: int, person: int, life: int) -> None:
        self.enter(self.browsers[browser], self.people[person], "host", life=life)

    @step(browser=BROWSERS, person=PEOPLE)
    def sign_in_that_fails_late(self, browser: int, person: int) -> None:
        """The login went well, then the answer is an error, which Django does not save."""
        self.enter(self.browsers[browser], self.people[person], "host", status=503)

    @step(browser=BROWSERS, person=PEOPLE)
    def sign_in_unseen(self, browser: int, person: int) -> None:
        """A session that was made elsewhere, as before this app was there."""
        who = self.people[person]
        if self.refresh(who).is_active:
            self.browsers[browser] = self.new_browser()
            self.browsers[browser].force_login(who.user)
            self.issue(self.browsers[browser].key, self.new_address())
            self.unseen.add(self.browsers[browser].key)

    @step(weight=2, browser=BROWSERS, way=st.sampled_from(list(EXITS)), late=st.booleans())
    def sign_out(self, browser: int, way: str, late: bool) -> None:
        """``late``: another request of this session had it in hand, and saves it just after."""
        using = self.in_use(browser)
        key = using.key
        save_late = self.store.copy(key) if late and key not in self.unseen else None
        self.post(using, EXITS[way], json=way == "mobile")
        self.buried.add(key)
        if save_late:
            save_late()

    @step(weight=4, browser=BROWSERS, what=st.sampled_from(list(VISITS)))
    def visit(self, browser: int, what: str) -> None:
        self.request(self.browsers[browser], "get", VISITS[what], seen=what not in UNSEEN_VISITS)

    @step(weight=2, browser=BROWSERS, seconds=LIVES, after=PAUSES)
    def remember(self, browser: int, seconds: int, after: timedelta) -> None:
        """The host changes how long this session is to live."""
        self.request(self.in_use(browser), "get", f"/host/remember/{seconds}/")
        self.let_time_pass(after)

    @step(weight=3, browser=BROWSERS, once=st.sampled_from([*VISITS, "password", "account"]))
    def do_one_thing_in_a_fortnight(self, browser: int, once: str) -> None:
        """Longer than a session lives, with a request in the middle that may extend it."""
        self.let_time_pass(timedelta(days=8))
        if once == "password":
            self.change_password(browser)
        elif once == "account":
            self.choose_account(browser)
        else:
            self.visit(browser, once)
        self.let_time_pass(timedelta(days=8))

    @step(browser=BROWSERS, other=BROWSERS)
    def copy_cookie(self, browser: int, other: int) -> None:
        """Two browsers with one session, such as a stolen cookie."""
        key = self.in_use(browser).key
        self.browsers[other] = self.new_browser()
        self.browsers[other].cookies["sessionid"] = key

    @step(browser=BROWSERS)
    def choose_account(self, browser: int) -> None:
        for account in (self.globex, self.acme):
            self.post(self.browsers[browser], "/accounts/choose/", {"account": account.pk})

    @step(browser=BROWSERS)
    def change_password(self, browser: int) -> None:
        using = self.in_use(browser)
        if person := self.person_in(using):
            new = self.new_password()
            fields = {
                "old_password": person.password,
                "new_password1": new,
                "new_password2": new,
            }
            self.post(using, "/accounts/password_change/", fields)
            if self.refresh(person).check_password(new):
                person.password = new

    @step(browser=BROWSERS, person=PEOPLE)
    def reset_password(self, browser: int, person: int) -> None:
        who, using = self.people[person], self.browsers[browser]
        mail.outbox.clear()
        self.post(using, "/accounts/password_reset/", {"email": who.user.email})
        for letter in mail.outbox:
            link = re.search(r"http://testserver(/accounts/reset/\S+)", letter.body)[1]
            answer = self.request(using, "get", link)
            new = self.new_password()
            if answer.status_code == 302:
                fields = {"new_password1": new, "new_password2": new}
                self.post(using, answer["Location"], fields)
            if self.refresh(who).check_password(new):
                who.password = new

    # --- What happens to people and accounts elsewhere

    @step(person=PEOPLE, way=WAYS)
    def change_password_elsewhere(self, person: int, way: str) -> None:
        who = self.people[person]
        who.password = self.new_password()
        user = self.refresh(who)
        if way == "saved":
            user.set_password(who.password)
            user.save()
        else:
            self.row_of(who).update(password=make_password(who.password))

    @step(person=PEOPLE, way=WAYS, active=st.booleans())
    def activate(self, person: int, way: str, active: bool) -> None:
        who = self.people[person]
        user = self.refresh(who)
        if way == "saved":
            user.is_active = active
            user.save()
        else:
            self.row_of(who).update(is_active=active)

    @step(person=PEOPLE, way=WAYS)
    def delete_person(self, person: int, way: str) -> None:
        who = self.people[person]
        if way == "saved":
            self.refresh(who).delete()
        else:
            self.row_of(who).delete()
        self.people[person] = self.hire(self.acme)

    @step(person=PEOPLE, way=WAYS)
    def leave_account(self, person: int, way: str) -> None:
        who = self.people[person].user
        memberships = Membership.objects.filter(user=who, account=self.acme)
        inside = self.addresses_in(self.acme, who)
        if way == "updated":
            memberships.delete()
        elif membership := memberships.first():
            membership.delete()
        self.bury(inside)

    @step(person=PEOPLE)
    def join_accounts(self, person: int) -> None:
        for account in (self.acme, self.globex):
            Membership.objects.get_or_create(user=self.people[person].user, account=account)

    @step()
    def rename_account(self) -> None:
        account = Account.objects.get(pk=self.acme.pk)
        account.name = self.new_name()
        account.save()

    @step(plan=st.sampled_from([Account.Plan.STARTER, Account.Plan.PREMIUM]))
    def change_plan(self, plan: str) -> None:
        account = Account.objects.get(pk=self.acme.pk)
        account.plan = plan
        account.save()

    @step()
    def delete_account(self) -> None:
        inside = self.addresses_in(self.globex)
        Account.objects.get(pk=self.globex.pk).delete()
        self.bury(inside)
        self.globex = AccountFactory(name=self.new_name())

    # --- What happens to the store

    @step(weight=2, by=PAUSES)
    def let_time_pass(self, by: timedelta) -> None:
        self.store.age(by)
        age_database(by)
        # What a process remembers of the last interval is over by now.
        recent.forget()

    @step()
    def clear_expired_sessions(self) -> None:
        call_command("clearsessions")

    @step(browser=BROWSERS, with_copy=st.booleans())
    def lose_store_entry(self, browser: int, with_copy: bool) -> None:
        # Where every request saves, Django answers a cached copy without its row with 400: the
        # view has run as the person, and the answer says nothing of them.
        with_copy = with_copy or self.save_every_request
        self.store.lose(self.in_use(browser).key, with_copy=with_copy)

    @step(browser=BROWSERS)
    def evict_from_cache(self, browser: int) -> None:
        self.store.evict(self.in_use(browser).key)

    @step()
    def clear_cache(self) -> None:
        self.store.clear_cache()

    @step(keep_old=st.booleans())
    def change_secret(self, keep_old: bool) -> None:
        self.secrets.insert(0, f"another-key-for-tests-{next(self.numbers)}")
        if not keep_old:
            del self.secrets[1:]
        self.set(SECRET_KEY=self.secrets[0], SECRET_KEY_FALLBACKS=self.secrets[1:])

    @step(weight=2, browser=BROWSERS)
    def lose_tracked_row(self, browser: int) -> None:
        key = self.in_use(browser).key
        if key and TrackedSession.objects.filter(session_key=key).delete()[0]:
            self.unseen.add(key)
            # As in another process, or an interval later: this one remembers the row.
            recent.forget()

    @step()
    def sweep(self) -> None:
        call_command("sweep_sessions", verbosity=0)

    # --- What admins do on the page

    @step(weight=2, admin=ADMINS, number=st.integers(0, 20), late=st.booleans())
    def terminate_one(self, admin: str, number: int, late: bool) -> None:
        """``late``: a request of this session had it in hand, and saves it just after."""
        actions = sorted(self.read(admin).actions.items())
        if actions:
            address, action = actions[number % len(actions)]
            browser = self.admin_browsers[admin]
            assert self.request(browser, "get", action).status_code == 200
            saves = [self.store.copy(key) for key, at in self.address_of.items() if at == address]
            self.post(browser, action)
            self.bury({address})
            for save_late in saves if late else []:
                save_late()

    @step(
        weight=2,
        admin=ADMINS,
        keep_current=st.booleans(),
        query=st.sampled_from(["all", "account", "user", "application", "search", "both"]),
        person=PEOPLE,
    )
    def terminate_many(self, admin: str, keep_current: bool, query: str, person: int) -> None:
        user = self.people[person].user
        query = {
            "all": "",
            "account": f"?account={self.acme.pk}",
            "user": f"?user={user.pk}",
            "application": "?application=web",
            "search": f"?q={user.email}",
            "both": f"?application=web&user={user.pk}",
        }[query]
        everything = self.read(admin)
        if everything.locked:
            return
        meant = set(self.read(admin, query).actions)
        browser = self.admin_browsers[admin]
        own = self.address_of[browser.key]
        kept = {own} if keep_current else set()
        assert self.request(browser, "get", f"{LIST}terminate-all/{query}").status_code == 200
        self.post(
            browser, f"{LIST}terminate-all/{query}", {"keep_current": "on"} if keep_current else {}
        )
        self.bury(meant - kept)
        after = self.read(admin)
        left = set(everything.actions) - (meant - kept)
        assert set(after.actions) - {self.address_of[browser.key]} == left - {own}

    # --- The truth

    @step(weight=3)
    def look(self) -> None:
        self.compare_both()

    @rule(what=st.deferred(lambda: st.one_of(STEPS)))
    def happens(self, what: Step) -> None:
        getattr(self, what.name)(**what.values)

    @invariant()
    def list_is_the_truth(self) -> None:
        # Looking is a request of everybody, so most histories go on unwatched.
        if getattr(self, "watched", False):
            self.compare(self.read("operator"))

    def compare_both(self) -> None:
        # In this order, because the operator sees the account's admin sign in.
        of_account, of_all = self.read("account admin"), self.read("operator")
        expected = Counter()
        if not of_account.locked:
            acme = self.account_names()[str(self.acme.pk)]
            expected.update({s: n for s, n in of_all.rows.items() if s.account == acme})
        assert of_account.rows == expected
        self.compare(of_all)

    def compare(self, page: Page) -> None:
        """Hold what the page said against what each cookie gets now, which may change things."""
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
        """What a request with this cookie is answered."""
        browser = self.new_browser()
        browser.cookies["sessionid"] = key
        answer = self.request(browser, "get", "/api/mobile/me/")
        assert answer.status_code in {200, 401}, answer.content
        if browser.key and browser.key != key:
            # The key was rotated, so whoever holds the old one has the new one now.
            for holder in [*self.browsers, *self.admin_browsers.values()]:
                if holder.key == key:
                    holder.cookies["sessionid"] = browser.key
        if answer.status_code == 401:
            return None
        told = answer.json()
        account = told["account"] or {"id": ""}
        name = self.account_names().get(account["id"], "")
        return Seen(self.address_of[key], told["person"]["email"], name)

    def show_all(self) -> None:
        for key in list(self.unseen):
            self.probe(key)

    def read(self, admin: str, query: str = "") -> Page:
        """The page as this admin reads it, signed in again if need be."""
        browser, person = self.admin_browsers[admin], self.admins[admin]
        answer = self.request(browser, "get", LIST + query)
        if answer.status_code == 302:
            self.enter(browser, person, "management")
            answer = self.request(browser, "get", LIST + query)
        assert answer.status_code == 200
        return read_page(answer.content.decode(), list(self.account_names().values()))

    def addresses_in(self, account: Account, *people: User) -> set[str]:
        """Where from people, or all members, are signed in to this account."""
        name, emails = self.account_names()[str(account.pk)], [p.email for p in people]
        rows = self.read("operator").rows
        return {s.address for s in rows if s.account == name and (not emails or s.email in emails)}

    def account_names(self) -> dict[str, str]:
        return {str(pk): name for pk, name in Account.objects.values_list("pk", "name")}

    # --- Requests

    def enter(self, browser: Browser, person: Person, entrance: str, **more: Any) -> None:
        """Sign in, at an address of its own."""
        if not self.refresh(person).is_active:
            return
        before, address = browser.key, self.new_address()
        fields = {"username": person.user.email, "password": person.password}
        if as_json := entrance in {"mobile", "host"}:
            fields = {"email": person.user.email, "password": person.password} | more
        answer = self.post(browser, ENTRANCES[entrance], fields, json=as_json, address=address)
        if answer.status_code == 400:
            # Django could not save: this was a cached copy without its row, and it stays half in.
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
        """Every request of a session comes from the address of its login."""
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
        """This browser, or the next that is signed in as far as the app knows."""
        order = self.browsers[browser:] + self.browsers[:browser]
        rows = TrackedSession.objects.filter(session_key__in=[b.key for b in order])
        known = set(rows.values_list("session_key", flat=True))
        return next((b for b in order if b.key in known), order[0])

    def person_in(self, browser: Browser) -> Person | None:
        """Who this browser was last signed in as, if they are still there."""
        seen = self.probe(browser.key) if browser.key else None
        return next((p for p in self.people if seen and p.user.email == seen.email), None)

    # --- Things

    def new_browser(self) -> Browser:
        browser = Browser()
        # Loading the middleware anew for each would take most of the time.
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


@pytest.fixture
def failures() -> Iterator[list[logging.LogRecord]]:
    """What the app logged as an error; nothing else is logged, for these are many requests."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name.startswith("sessions_admin"):
                records.append(record)

    root, handler = logging.getLogger(), Keep(logging.ERROR)
    root.addHandler(handler)
    logging.disable(logging.WARNING)
    yield records
    logging.disable(logging.NOTSET)
    root.removeHandler(handler)


@pytest.fixture
def quick_commits() -> None:
    """Nothing has to survive a power cut."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous = OFF")


@pytest.mark.django_db(transaction=True)
def test_listed_is_signed_in(engine: str, failures: Any, quick_commits: None) -> None:  # noqa: F811
    run_state_machine_as_test(
        lambda: Histories(engine, failures),
        settings=settings(
            max_examples=int(EXAMPLES or 12),
            stateful_step_count=25,
            derandomize=not EXAMPLES,
            database=None,
            deadline=None,
            print_blob=False,
            # Looking for the shortest history takes minutes.
            phases=[Phase.generate, *([Phase.shrink] if EXAMPLES else [])],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
