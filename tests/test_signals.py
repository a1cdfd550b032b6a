"""Signals for hosts: sessions that start, move and end, and terminations that finish."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from sessions_admin import engines, signals
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.termination import terminate
from sessions_admin.tracking import throttle
from tests.support.browsing import TERMINATE_ALL, Browser, row
from tests.support.factories import AccountFactory, MembershipFactory, UserFactory

# Uses real commits, because the signals are sent after a commit.
pytestmark = pytest.mark.django_db(transaction=True)

Reason = TrackedSession.EndReason
NAMES = ("session_started", "session_moved", "session_ended", "termination_finished")


@pytest.fixture
def heard():
    """Collect the signals sent, as pairs of name and values."""
    found, receivers = [], []
    for name in NAMES:

        def hear(sender, signal, name=name, **values):
            if "sessions" in values:
                values["sessions"] = [session.pk for session in values["sessions"]]
            found.append((name, values))

        getattr(signals, name).connect(hear)
        receivers.append((name, hear))
    yield found
    for name, hear in receivers:
        getattr(signals, name).disconnect(hear)


@pytest.fixture
def acme():
    return AccountFactory(name="Acme")


@pytest.fixture
def mia(acme):
    return Browser().sign_in(MembershipFactory(user__name="Mia Member", account=acme).user)


def values(heard, name):
    return [values for found, values in heard if found == name]


def ended(heard):
    """Return each end reason with the number of sessions that ended together for it."""
    return [(each["reason"], len(each["sessions"])) for each in values(heard, "session_ended")]


def test_a_sign_in_starts_one(heard, mia):
    (started,) = values(heard, "session_started")
    assert started["session"] == row(mia)
    assert started["request"].path == "/accounts/login/"
    mia.get("/")
    assert len(heard) == 1


def test_a_move_names_the_new_origin_once(heard, mia):
    throttle.forget()
    mia.get("/", REMOTE_ADDR="198.51.100.9")
    throttle.forget()
    mia.get("/", REMOTE_ADDR="198.51.100.9")
    (moved,) = values(heard, "session_moved")
    assert moved["session"] == row(mia)
    assert moved["origin"].ip_address == "198.51.100.9"


def test_signing_out_and_signing_in_again_end_one(heard, mia):
    user = row(mia).user
    mia.sign_in(user)
    mia.post(reverse("logout"))
    assert ended(heard) == [(Reason.REPLACED, 1), (Reason.SIGNED_OUT, 1)]


@pytest.mark.parametrize("change", ["password", "is_active", "deleted"])
def test_a_change_of_the_user_ends_all_of_theirs_together(heard, acme, change):
    user = MembershipFactory(account=acme).user
    for _ in range(3):
        Browser().sign_in(user)
    if change == "password":
        user.set_password("another-password-of-hers")
        user.save()
    elif change == "is_active":
        user.is_active = False
        user.save()
    else:
        user.delete()
    reason = {
        "password": Reason.PASSWORD_CHANGED,
        "is_active": Reason.USER_DEACTIVATED,
        "deleted": Reason.USER_DELETED,
    }[change]
    assert ended(heard) == [(reason, 3)]


def test_terminating_many_is_one_signal_with_its_record(heard, acme):
    admin = Browser().sign_in(MembershipFactory(account=acme, role="admin").user)
    for _ in range(4):
        Browser().sign_in(MembershipFactory(account=acme).user)
    admin.post(TERMINATE_ALL, {"keep_current": "on"})
    termination = Termination.objects.get()
    (end,) = values(heard, "session_ended")
    assert (end["reason"], len(end["sessions"])) == (Reason.TERMINATED, 4)
    assert end["termination"] == termination
    (finished,) = values(heard, "termination_finished")
    assert finished["termination"].ended == 4


def test_the_sweep_ends_what_expired_together(heard, acme):
    for _ in range(2):
        Browser().sign_in(MembershipFactory(account=acme).user)
    long_ago = timezone.now() - timedelta(days=30)
    TrackedSession.objects.update(expires_at=long_ago, last_seen_at=long_ago)
    Session.objects.all().delete()
    call_command("sweep_sessions", verbosity=0)
    assert ended(heard) == [(Reason.EXPIRED, 2)]


def test_what_is_undone_is_not_heard(heard, mia, monkeypatch):
    def away(self, keys):
        raise ConnectionError("away")

    monkeypatch.setattr(engines.database.DatabaseEngine, "delete_many", away)
    operator = UserFactory(is_superuser=True)
    termination = terminate(TrackedSession.objects.all(), actor=operator, scope="All")
    assert termination.failed == 1
    assert ended(heard) == []


def test_a_receiver_that_fails_breaks_nothing(mia, acme, caplog):
    def fail(sender, **values):
        raise RuntimeError("a receiver of the host's")

    for name in NAMES:
        getattr(signals, name).connect(fail)
    try:
        phone = Browser().sign_in(row(mia).user)
        assert phone.is_signed_in()
        throttle.forget()
        assert phone.get("/", REMOTE_ADDR="198.51.100.9").status_code == 200
        operator = UserFactory(is_superuser=True)
        termination = terminate(TrackedSession.objects.all(), actor=operator, scope="All")
        assert termination.ended == 2
        assert not phone.is_signed_in()
    finally:
        for name in NAMES:
            getattr(signals, name).disconnect(fail)
    assert "a receiver of the host's" in caplog.text
