"""Steps in which people use their browsers, or change elsewhere."""

from __future__ import annotations

import re
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.core import mail
from hypothesis import strategies as st

from accounts.models import Account, Membership
from tests.listing.truth.machine import Machine
from tests.listing.truth.steps import (
    BROWSERS,
    ENTRANCES,
    EXITS,
    LIVES,
    PAUSES,
    PEOPLE,
    UNSEEN_VISITS,
    VISITS,
    WAYS,
    step,
)
from tests.support.factories import AccountFactory


class People(Machine):
    @step(weight=4, browser=BROWSERS, person=PEOPLE, entrance=st.sampled_from(list(ENTRANCES)))
    def sign_in(self, browser: int, person: int, entrance: str) -> None:
        """Sign in by any page, also over an existing session of the same or another person."""
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
        """Log in, then answer with a server error, after which Django does not save the session."""
        self.enter(self.browsers[browser], self.people[person], "host", status=503)

    @step(browser=BROWSERS, person=PEOPLE)
    def sign_in_unseen(self, browser: int, person: int) -> None:
        """Create a session outside the app, as before its installation."""
        who = self.people[person]
        if self.refresh(who).is_active:
            self.browsers[browser] = self.new_browser()
            self.browsers[browser].force_login(who.user)
            self.issue(self.browsers[browser].key, self.new_address())
            self.unseen.add(self.browsers[browser].key)

    @step(weight=2, browser=BROWSERS, way=st.sampled_from(list(EXITS)), late=st.booleans())
    def sign_out(self, browser: int, way: str, late: bool) -> None:
        """Sign out; if ``late``, another request of the session saves it just afterwards."""
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
        """Let the host change the session's expiry."""
        self.request(self.in_use(browser), "get", f"/host/remember/{seconds}/")
        self.let_time_pass(after)

    @step(weight=3, browser=BROWSERS, once=st.sampled_from([*VISITS, "password", "account"]))
    def do_one_thing_in_a_fortnight(self, browser: int, once: str) -> None:
        """Let more than a session's life pass, with one request midway that may extend it."""
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
        """Give a second browser the same session, as with a stolen cookie."""
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
