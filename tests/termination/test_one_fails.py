"""When one of many fails, the work continues, and the failure is counted and logged."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError
from django.utils import timezone

from accounts.models import User
from sessions_admin import ending, engines, isolation, signals
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.termination import bulk, immediate, retention, terminate
from tests.support.browsing import LIST, Browser, listed
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

Reason = TrackedSession.EndReason


@pytest.fixture
def ana():
    return MembershipFactory(user__name="Ana Novak").user


@pytest.fixture
def browsers(ana):
    return [Browser().sign_in(ana) for _ in range(9)]


@pytest.fixture
def stuck(browsers, monkeypatch):
    """The row of the one session that its store fails to delete."""
    row = TrackedSession.objects.get(session_key=browsers[4].key)
    stuck_in_store(monkeypatch, {browsers[4].key})
    return row


HELD = IntegrityError("another table holds on to it")


def stuck_in_store(monkeypatch, keys, error=HELD):
    engine = type(engines.current())
    delete_many, asked = engine.delete_many, []

    def refusing(self, wanted):
        asked.append(len(wanted))
        if keys & set(wanted):
            raise error
        return delete_many(self, wanted)

    monkeypatch.setattr(engine, "delete_many", refusing)
    return asked


def living(browsers):
    return [number for number, browser in enumerate(browsers) if browser.is_signed_in()]


def counts(termination):
    return termination.requested, termination.ended, termination.already_gone, termination.failed


@pytest.mark.every_engine
def test_terminate(engine, browsers, stuck, ana, caplog):
    termination = terminate(TrackedSession.objects.filter(user=ana), actor=ana, scope="All")
    assert counts(termination) == (9, 8, 0, 1)
    assert living(browsers) == [4]
    assert TrackedSession.objects.get(user=ana, ended_at=None) == stuck
    assert str(stuck.public_id) in caplog.text
    assert stuck.session_key not in caplog.text


def test_step_of_a_bulk_termination(browsers, stuck, ana, monkeypatch):
    monkeypatch.setattr(immediate, "CHUNK", 4)
    termination = bulk.begin(actor=ana, scope="All")
    assert counts(termination) == (9, 8, 0, 1)
    assert living(browsers) == [4]


def test_one_of_two_thousand_costs_few_tries(ana, monkeypatch):
    now = timezone.now()
    TrackedSession.objects.bulk_create(
        TrackedSession(
            session_key=f"{number:032}",
            user=ana,
            user_label="Ana",
            application="web",
            expires_at=now + timedelta(days=1),
        )
        for number in range(2000)
    )
    asked = stuck_in_store(monkeypatch, {f"{777:032}"})
    termination = terminate(TrackedSession.objects.all(), actor=ana, scope="All")
    assert counts(termination) == (2000, 0, 1999, 1)
    assert len(asked) <= 25


def test_store_that_is_away_is_asked_once(browsers, ana, monkeypatch):
    asked = stuck_in_store(monkeypatch, {b.key for b in browsers}, ConnectionError("no route"))
    termination = terminate(TrackedSession.objects.filter(user=ana), actor=ana, scope="All")
    assert counts(termination) == (9, 0, 0, 9)
    assert len(asked) == 1


@pytest.mark.parametrize("error", [ConnectionError("no route"), HELD])
def test_what_had_ended_has_not_failed(browsers, ana, monkeypatch, caplog, error):
    for browser in browsers[:3]:
        browser.post("/accounts/logout/")
    stuck_in_store(monkeypatch, {b.key for b in browsers}, error)
    over = TrackedSession.objects.over().values_list("public_id", flat=True)
    caplog.clear()
    termination = terminate(TrackedSession.objects.filter(user=ana), actor=ana, scope="All")
    assert counts(termination) == (9, 0, 3, 6)
    assert "6 sessions could not be ended" in caplog.text
    assert not any(str(public_id) in caplog.text for public_id in over)


def test_many_that_fail_are_not_all_looked_for(browsers, ana, monkeypatch):
    monkeypatch.setattr(isolation, "FAILURES_IN_A_ROW", 2)
    asked = stuck_in_store(monkeypatch, {b.key for b in browsers})
    termination = terminate(TrackedSession.objects.filter(user=ana), actor=ana, scope="All")
    assert counts(termination) == (9, 0, 0, 9)
    assert len(asked) < 9


def test_sweep(browsers, stuck, ana):
    User.objects.filter(pk=ana.pk).update(is_active=False)
    TrackedSession.objects.update(last_seen_at=timezone.now() - timedelta(minutes=5))
    call_command("sweep_sessions", stdout=StringIO(), stderr=StringIO())
    assert TrackedSession.objects.get(ended_at=None) == stuck


def test_limits(browsers, stuck, settings):
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"MAX_LIFETIME": 3600}
    TrackedSession.objects.update(created_at=timezone.now() - timedelta(hours=2))
    call_command("sweep_sessions", stdout=StringIO(), stderr=StringIO())
    assert TrackedSession.objects.get(ended_at=None) == stuck
    assert living(browsers) == [4]


def test_user_who_changed(browsers, stuck, ana):
    ana.set_password("a-quite-different-9")
    ana.save()
    assert TrackedSession.objects.get(ended_at=None) == stuck


def test_user_who_was_deleted(browsers, stuck, ana):
    ana.delete()
    assert TrackedSession.objects.get(ended_at=None) == stuck


def test_removal_from_an_account(browsers, stuck, ana):
    inside = TrackedSession.objects.filter(user=ana, ended_at=None)
    with pytest.raises(ending.NotEndedError) as raised:
        ending.end(inside, reason=Reason.REMOVED)
    assert isinstance(raised.value.__cause__, IntegrityError)
    assert living(browsers) == [4]


def test_ones_own_other_devices(browsers, stuck):
    answer = browsers[0].post("/account-management/sessions/sign-out-others/")
    if answer.status_code == 404:
        from django.urls import reverse

        answer = browsers[0].post(reverse("sessions_admin:sign_out_others"), follow=True)
    assert living(browsers) == [0, 4]


def test_termination_that_cannot_be_continued(ana, monkeypatch):
    """The sweep still finishes the other one, and reports the failure at the end."""
    ago = timezone.now() - timedelta(minutes=5)
    first, second = (
        Termination.objects.create(
            actor=ana, actor_label="Ana", scope="All", newest=0, leased_until=ago, finished_at=None
        )
        for _ in range(2)
    )
    step = bulk._step

    def broken(pk, worker):
        if pk == first.pk:
            raise DatabaseError("this row is damaged")
        return step(pk, worker)

    monkeypatch.setattr(bulk, "_step", broken)
    with pytest.raises(DatabaseError):
        bulk.finish_abandoned()
    second.refresh_from_db()
    assert second.is_finished


class TestRetention:
    @pytest.fixture(autouse=True)
    def old(self, settings, browsers, ana):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {
            "RETENTION_DAYS": 30,
            "MASK_ADDRESSES_AFTER_DAYS": 7,
        }
        terminate(TrackedSession.objects.filter(user=ana), actor=ana, scope="All")

    def test_record_that_cannot_be_removed(self, monkeypatch, caplog):
        TrackedSession.objects.update(ended_at=timezone.now() - timedelta(days=60))
        held = TrackedSession.objects.order_by("pk")[4]
        from django.db.models.signals import pre_delete

        def protect(instance, **more):
            if instance.pk == held.pk:
                raise IntegrityError("another table holds on to it")

        pre_delete.connect(protect, sender=TrackedSession)
        try:
            assert retention.remove(retention.outdated_sessions(), batch=4) == 8
        finally:
            pre_delete.disconnect(protect, sender=TrackedSession)
        assert list(TrackedSession.objects.all()) == [held]
        assert str(held.public_id) in caplog.text

    def test_record_that_cannot_be_masked(self, caplog):
        TrackedSession.objects.update(ended_at=timezone.now() - timedelta(days=10))
        odd = TrackedSession.objects.order_by("pk")[4]
        odd.other_origins = [{"ip_address": "no address"}]
        odd.save()
        assert retention.mask(retention.unmasked_sessions(), batch=4) == 8
        assert TrackedSession.objects.get(is_masked=False) == odd
        assert str(odd.public_id) in caplog.text

    def test_record_that_was_reused_lately_is_not_masked_yet(self):
        TrackedSession.objects.update(ended_at=timezone.now() - timedelta(days=10))
        TrackedSession.objects.update(reused_at=timezone.now())
        assert not retention.unmasked_sessions().exists()


def test_receiver_that_fails_fails_for_nobody_else(browsers, ana):
    heard = []

    def failing(**more):
        raise RuntimeError("a host's mistake")

    def listening(sessions, **more):
        heard.append(sessions.count())

    signals.session_ended.connect(failing)
    signals.session_ended.connect(listening)
    try:
        terminate(TrackedSession.objects.filter(user=ana), actor=ana, scope="All")
    finally:
        signals.session_ended.disconnect(failing)
        signals.session_ended.disconnect(listening)
    assert heard == [9]
    assert living(browsers) == []


def test_row_with_an_origin_that_cannot_be_read_is_listed_all_the_same(browsers):
    odd = TrackedSession.objects.get(session_key=browsers[4].key)
    for origins in ([{"ip_address": "10.0.0.1"}], ["text"], [None]):
        TrackedSession.objects.filter(pk=odd.pk).update(other_origins=origins)
        admin = Browser().sign_in(UserFactory(is_superuser=True))
        assert len(listed(admin)) >= 10


def test_progress_of_the_page_says_what_did_not_end(browsers, stuck):
    admin = Browser().sign_in(UserFactory(is_superuser=True))
    page = admin.post(LIST + "terminate-all/", {"keep_current": "on"}, follow=True)
    assert page.status_code == 200
    assert counts(Termination.objects.get()) == (9, 8, 0, 1)
