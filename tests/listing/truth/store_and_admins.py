"""Steps that change the session store, and steps of admins on the page."""

from __future__ import annotations

from datetime import timedelta

from django.core.management import call_command
from hypothesis import strategies as st

from sessions_admin.models import TrackedSession
from sessions_admin.tracking import throttle
from tests.listing.truth.machine import Machine
from tests.listing.truth.steps import (
    ADMINS,
    BROWSERS,
    PAUSES,
    PEOPLE,
    step,
)
from tests.listing.truth.stores import age_database
from tests.support.browsing import LIST


class StoreAndAdmins(Machine):
    @step(weight=2, by=PAUSES)
    def let_time_pass(self, by: timedelta) -> None:
        self.store.age(by)
        age_database(by)
        # The process's memory of the last activity interval is out of date by now.
        throttle.forget()

    @step()
    def clear_expired_sessions(self) -> None:
        call_command("clearsessions")

    @step(browser=BROWSERS, with_copy=st.booleans())
    def lose_store_entry(self, browser: int, with_copy: bool) -> None:
        # Where every request saves, Django answers a cached copy without its row with 400. The view
        # has run as the person, but the answer does not show that.
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
            # As in another process, or an interval later, because this process remembers the row.
            throttle.forget()

    @step()
    def sweep(self) -> None:
        call_command("sweep_sessions", verbosity=0)

    @step(weight=2, admin=ADMINS, number=st.integers(0, 20), late=st.booleans())
    def terminate_one(self, admin: str, number: int, late: bool) -> None:
        """Terminate a session; if ``late``, a request of it saves it just afterwards."""
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
