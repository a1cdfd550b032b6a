"""The sweep reconciles rows with the store."""

from __future__ import annotations

import threading
from datetime import timedelta
from importlib import import_module
from io import StringIO

import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections
from django.utils import timezone

from accounts.models import User
from sessions_admin import engines, liveness
from sessions_admin.models import TrackedSession
from sessions_admin.termination import bulk, sweep
from sessions_admin.tracking import throttle
from tests.support.browsing import Browser, listed
from tests.support.factories import UserFactory

# Effects of a change wait for its transaction to commit.
Reason = TrackedSession.EndReason
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browsers(engine, ana):
    """Two browsers of Ana, on each engine."""
    return Browser().sign_in(ana), Browser().sign_in(ana)


def reasons():
    return list(TrackedSession.objects.order_by("pk").values_list("end_reason", flat=True))


class TestSweep:
    @pytest.fixture
    def settled(self, browsers, ana):
        """The two browsers, a while after their last request."""
        past = timezone.now() - 2 * sweep.SETTLING
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

    def test_ends_what_nobody_announced(self, settled, ana):
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
        """During the sweep, a request rotates a key: first in the row, then in the store."""
        here, _ = settled
        look, after_minutes = liveness.verdicts, timezone.now() + 5 * sweep.SETTLING

        def looked(rows):
            found = look(rows)
            monkeypatch.setattr(timezone, "now", lambda: after_minutes)
            rotating = TrackedSession.objects.filter(session_key=here.key)
            rotating.update(session_key="n" * 32, last_seen_at=after_minutes)
            return found

        monkeypatch.setattr(liveness, "verdicts", looked)
        assert self.sweep(batch=1).endswith("ended 0.")
        assert reasons() == ["", ""]

    def test_bulk_termination_that_fails_again_is_reported_and_stops_nothing_else(
        self, settled, monkeypatch
    ):
        def broken():
            raise DatabaseError("cannot be gone on with")

        monkeypatch.setattr(bulk, "finish_abandoned", broken)
        import_module(site.SESSION_ENGINE).SessionStore(settled[1].key).delete()
        with pytest.raises(DatabaseError):
            self.sweep()
        assert reasons() == ["", Reason.LOST]

    def test_works_in_batches(self, settled, ana):
        User.objects.filter(pk=ana.pk).update(password="!")
        assert self.sweep(batch=1) == "2 sessions checked; ended 2. 2 password_changed"

    def test_two_sweeps_side_by_side_do_no_harm(self, settled, ana):
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
        with pytest.raises(CommandError, match="did not respond"):
            self.sweep()
        assert reasons() == ["", ""]

    def test_session_that_turns_up_again_is_listed_again(self, settled):
        """The session the sweep missed was only away, for example while a cache restarted."""
        _, there = settled
        TrackedSession.objects.filter(session_key=there.key).update(
            ended_at=timezone.now(), end_reason=Reason.LOST, session_key=None
        )

        throttle.forget()
        assert there.is_signed_in()
        operator = Browser().sign_in(UserFactory(is_superuser=True))
        row = TrackedSession.objects.get(session_key=there.key)
        assert str(row.public_id) in listed(operator)
        assert row.ended_at is None
