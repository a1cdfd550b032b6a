"""What ends a login elsewhere ends it here at once; the sweep finds what nobody told us."""

from __future__ import annotations

import threading
from datetime import timedelta
from importlib import import_module
from io import StringIO

import pytest
from django.conf import settings as site
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections
from django.utils import timezone

from accounts.models import Membership, User
from sessions_admin import ending, engines
from sessions_admin.models import TrackedSession
from sessions_admin.termination import bulk
from sessions_admin.tracking import recent

from .browsing import Browser, listed
from .engine_fixtures import engine  # noqa: F401
from .factories import PASSWORD, MembershipFactory, UserFactory

# What follows a change waits for its transaction to be committed.
pytestmark = pytest.mark.django_db(transaction=True)

Reason = TrackedSession.EndReason
NEW = "a-quite-different-9"


@pytest.fixture
def ana():
    return MembershipFactory(user__name="Ana Novak", account__name="Acme").user


@pytest.fixture
def browsers(engine, ana):  # noqa: F811
    """Two browsers of Ana, on each engine."""
    return Browser().sign_in(ana), Browser().sign_in(ana)


def reasons():
    return list(TrackedSession.objects.order_by("pk").values_list("end_reason", flat=True))


def test_password_change_ends_the_other_browsers_and_keeps_this_one(browsers):
    here, there = browsers
    fields = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert here.post("/accounts/password_change/", fields).status_code == 302

    assert reasons() == ["", Reason.PASSWORD_CHANGED]
    assert here.is_signed_in()
    assert not there.is_signed_in()


def test_password_reset_ends_every_browser(browsers, ana):
    stranger = Browser()
    stranger.post("/accounts/password_reset/", {"email": ana.email})
    link = next(word for word in mail.outbox[0].body.split() if "/reset/" in word)
    form = stranger.get("/" + link.split("/", 3)[3], follow=True)
    fields = {"new_password1": NEW, "new_password2": NEW}
    stranger.post(form.redirect_chain[-1][0], fields)

    assert reasons() == [Reason.PASSWORD_CHANGED] * 2
    assert not any(browser.is_signed_in() for browser in browsers)


def test_somebody_elses_change_of_the_password(browsers, ana):
    ana.set_password(NEW)
    ana.save()
    assert reasons() == [Reason.PASSWORD_CHANGED] * 2


def test_deactivation_ends_and_reactivation_does_not_bring_back(browsers, ana):
    ana.is_active = False
    ana.save()
    assert reasons() == [Reason.USER_DEACTIVATED] * 2
    ana.is_active = True
    ana.save()
    assert not any(browser.is_signed_in() for browser in browsers)


def test_deleting_the_user(browsers, ana):
    User.objects.filter(pk=ana.pk).delete()
    assert reasons() == [Reason.USER_DELETED] * 2
    assert not any(browser.is_signed_in() for browser in browsers)
    assert TrackedSession.objects.first().user_label.startswith("Ana Novak")


def test_removal_from_the_account_signs_out_of_that_account_only(browsers, ana):
    here, there = browsers
    globex = MembershipFactory(user=ana, account__name="Globex").account
    here.post("/accounts/choose/", {"account": globex.pk})
    Membership.objects.get(user=ana, account__name="Acme").delete()

    assert reasons() == ["", Reason.REMOVED]
    assert here.is_signed_in()
    assert not there.is_signed_in()


def test_deleting_the_account_signs_its_people_out_of_it(browsers, ana):
    ana.accounts.get().delete()
    assert reasons() == [Reason.REMOVED] * 2
    assert not any(browser.is_signed_in() for browser in browsers)


def test_changing_ones_own_user_into_one_that_may_not_go_on(browsers, ana, monkeypatch):
    here, there = browsers

    def deactivate_oneself(self, request, *args, **kwargs):
        user = User.objects.get(pk=request.user.pk)
        user.is_active = False
        user.save()
        return answer(self, request, *args, **kwargs)

    from accounts.views import HomeView

    answer = HomeView.get
    monkeypatch.setattr(HomeView, "get", deactivate_oneself)
    here.get("/")

    assert reasons() == [Reason.USER_DEACTIVATED] * 2
    User.objects.update(is_active=True)
    assert not here.is_signed_in()
    assert not there.is_signed_in()


def test_change_that_is_rolled_back_ends_nothing(browsers, ana):
    from django.db import transaction

    with transaction.atomic():
        ana.set_password(NEW)
        ana.save()
        ana.delete()
        transaction.set_rollback(True)
    assert reasons() == ["", ""]
    assert all(browser.is_signed_in() for browser in browsers)


def test_downgrade_locks_the_page_and_signs_nobody_out(browsers, ana):
    account = ana.accounts.get()
    account.plan = "starter"
    account.save()
    assert reasons() == ["", ""]
    assert all(browser.is_signed_in() for browser in browsers)


class TestSweep:
    @pytest.fixture
    def settled(self, browsers, ana):
        """The two browsers, a while after their last request."""
        past = timezone.now() - 2 * ending.SETTLING
        TrackedSession.objects.update(last_seen_at=past)
        return browsers

    def sweep(self, **options):
        out = StringIO()
        call_command("sweep_sessions", stdout=out, stderr=StringIO(), **options)
        return out.getvalue().strip()

    def test_ends_what_the_store_has_lost(self, settled):
        here, there = settled
        import_module(site.SESSION_ENGINE).SessionStore(there.key).delete()

        assert self.sweep(dry_run=True) == "2 sessions checked; would end 1. 1 lost"
        assert reasons() == ["", ""]
        assert self.sweep() == "2 sessions checked; ended 1. 1 lost"
        assert reasons() == ["", Reason.LOST]
        assert self.sweep() == "1 sessions checked; ended 0."
        assert here.is_signed_in()

    def test_ends_what_nobody_told_us_of(self, settled, ana):
        User.objects.filter(pk=ana.pk).update(password="!")
        assert self.sweep() == "2 sessions checked; ended 2. 2 password_changed"

    def test_expired_rows_end_when_they_expired(self, settled):
        _, there = settled
        import_module(site.SESSION_ENGINE).SessionStore(there.key).delete()
        expiry = timezone.now() - timedelta(hours=3)
        TrackedSession.objects.filter(session_key=there.key).update(expires_at=expiry)
        self.sweep()
        row = TrackedSession.objects.get(end_reason=Reason.EXPIRED)
        assert row.ended_at == expiry

    def test_rows_that_are_being_written_are_left_alone(self, browsers):
        engines.current().delete_many([browser.key for browser in browsers])
        assert self.sweep() == "0 sessions checked; ended 0."

    def test_nor_are_those_that_are_written_to_while_it_goes_on(self, settled, monkeypatch):
        """A sweep may take minutes; meanwhile a request gives its row a new key, then the store."""
        here, _ = settled
        look, after_minutes = ending.liveness.verdicts, timezone.now() + 5 * ending.SETTLING

        def looked(rows):
            found = look(rows)
            monkeypatch.setattr(timezone, "now", lambda: after_minutes)
            rotating = TrackedSession.objects.filter(session_key=here.key)
            rotating.update(session_key="n" * 32, last_seen_at=after_minutes)
            return found

        monkeypatch.setattr(ending.liveness, "verdicts", looked)
        assert self.sweep(batch=1).endswith("ended 0.")
        assert reasons() == ["", ""]

    def test_end_of_all_that_fails_again_is_told_and_stops_nothing_else(self, settled, monkeypatch):
        def broken():
            raise DatabaseError("cannot be gone on with")

        monkeypatch.setattr(bulk, "go_on_with_abandoned", broken)
        import_module(site.SESSION_ENGINE).SessionStore(settled[1].key).delete()
        with pytest.raises(DatabaseError):
            self.sweep()
        assert reasons() == ["", Reason.LOST]

    def test_works_in_batches(self, settled, ana):
        User.objects.filter(pk=ana.pk).update(password="!")
        assert self.sweep(batch=1) == "2 sessions checked; ended 2. 2 password_changed"

    def test_two_at_once_do_no_harm(self, settled, ana):
        here, there = settled
        import_module(site.SESSION_ENGINE).SessionStore(there.key).delete()
        said = []

        def sweep():
            said.append(self.sweep(batch=1))
            connections.close_all()

        sweeps = [threading.Thread(target=sweep) for _ in range(2)]
        for thread in sweeps:
            thread.start()
        for thread in sweeps:
            thread.join()
        assert len(said) == 2
        assert reasons() == ["", Reason.LOST]
        assert here.is_signed_in()

    def test_store_that_does_not_answer_ends_nothing(self, settled, monkeypatch):
        def away(*args):
            raise ConnectionError("refused")

        monkeypatch.setattr(type(engines.current()), "load_many", away)
        with pytest.raises(CommandError, match="does not answer"):
            self.sweep()
        assert reasons() == ["", ""]

    def test_session_that_turns_up_again_is_listed_again(self, settled):
        """What the sweep could not find was away, not ended: a cache that was restarted, say."""
        _, there = settled
        TrackedSession.objects.filter(session_key=there.key).update(
            ended_at=timezone.now(), end_reason=Reason.LOST, session_key=None
        )

        recent.forget()
        assert there.is_signed_in()
        operator = Browser().sign_in(UserFactory(is_superuser=True))
        row = TrackedSession.objects.get(session_key=there.key)
        assert str(row.public_id) in listed(operator)
        assert row.ended_at is None
