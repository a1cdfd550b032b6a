"""Bulk terminations proceed in steps, taken by any worker, and count each session once."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections
from django.utils import timezone, translation

from sessions_admin import engines
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.policy import Scope
from sessions_admin.querysets import Filters
from sessions_admin.termination import bulk, immediate
from tests.support.browsing import LIST, TERMINATE_ALL, Browser, counts, listed, text
from tests.support.factories import MembershipFactory, UserFactory
from tests.support.faults import later
from tests.support.servers import PATIENCE

# Threads have their own connections and see only committed data.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    """Let a step end two sessions, and a request take one step."""
    monkeypatch.setattr(immediate, "CHUNK", 2)
    monkeypatch.setattr(bulk, "SECONDS", 0)
    monkeypatch.setattr(bulk, "GRACE_SECONDS", 0.5)
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("termination-"):
            thread.join(PATIENCE)


@pytest.fixture
def killed(monkeypatch):
    """Simulate a process that dies before its thread starts."""
    monkeypatch.setattr(bulk, "_start", lambda *run: None)


@pytest.fixture
def admin(acme):
    user = MembershipFactory(user__name="Ada Admin", account=acme, role="admin").user
    return Browser(ip="10.0.0.1").sign_in(user)


@pytest.fixture
def members(acme):
    """Seven browsers of a member of Acme."""
    member = MembershipFactory(user__name="Mia Member", account=acme).user
    return [Browser().sign_in(member) for _ in range(7)]


def the_termination():
    return Termination.objects.get()


def wait_for(termination):
    deadline = time.monotonic() + PATIENCE
    while not termination.is_finished:
        assert time.monotonic() < deadline, counts(termination)
        time.sleep(0.05)
        termination.refresh_from_db()
    return termination


def begin(admin, **options):
    actor = TrackedSession.objects.get(session_key=admin.key).user
    return bulk.begin(actor=actor, scope="All", **options)


def let_the_lease_run_out():
    Termination.objects.update(leased_until=timezone.now() - timedelta(seconds=1))


def test_one_watches_and_goes_last(engine, admin, members, monkeypatch):
    work, may_go_on, is_over = bulk._work, threading.Event(), threading.Event()
    monkeypatch.setattr(bulk, "_work", lambda *run: may_go_on.wait(PATIENCE) and work(*run))
    # However slow the machine, the worker leaves the last step to the one who watches.
    grace = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: is_over.wait(PATIENCE))
    monkeypatch.setattr(bulk, "time", grace)
    page = admin.post(TERMINATE_ALL + "?application=web", {"reason": "Leak"}, follow=True)
    assert page.redirect_chain[0][0].endswith("/progress/?application=web")
    progress = page.redirect_chain[0][0]
    assert "Requested 8" in text(page)
    may_go_on.set()
    said = ""
    while "You've been signed out." not in said:
        assert page.status_code == 200
        said = text(page)
        if not page.redirect_chain[1:]:
            assert page["Refresh"] == str(2)
        time.sleep(0.02)
        page = admin.get(progress, follow=True)
        said = text(page)
    is_over.set()
    assert "8 sessions terminated. You've been signed out." in said
    assert page.redirect_chain[-1][0].startswith("/accounts/login/")
    assert not any(browser.is_signed_in() for browser in [*members, admin])
    assert counts(the_termination()) == (8, 8, 0, 0)


def test_one_watches_while_another_worker_goes_last(admin, members, killed, monkeypatch):
    page = admin.post(TERMINATE_ALL, follow=True)
    terminations = Scope.terminations

    def finished_meanwhile(scope, user):
        let_the_lease_run_out()
        bulk.finish_abandoned()
        return terminations(scope, user)

    monkeypatch.setattr(Scope, "terminations", finished_meanwhile)
    page = admin.get(page.redirect_chain[0][0], follow=True)
    assert "8 sessions terminated. You've been signed out." in text(page)
    assert page.redirect_chain[-1][0].startswith("/accounts/login/")


def test_sessions_end_though_nobody_watches(admin, members):
    admin.post(TERMINATE_ALL)
    assert counts(wait_for(the_termination())) == (8, 8, 0, 0)
    assert not admin.is_signed_in()


def test_progress_shows_the_sums_and_leads_to_the_termination(admin, members):
    page = admin.post(TERMINATE_ALL, {"keep_current": "on"}, follow=True)
    wait_for(the_termination())
    page = admin.get(page.redirect_chain[0][0])
    assert "Refresh" not in page.headers
    assert "7 sessions terminated." in text(page)
    assert f"/termination-log/{the_termination().public_id}/" in page.content.decode()
    assert len(listed(admin)) == 1


def test_progress_reported_meanwhile_is_true(admin, members, killed):
    page = admin.post(TERMINATE_ALL, {"keep_current": "on"}, follow=True)
    assert "Requested 7 Terminated 2 Already ended 0 Failed 0 Remaining 5" in text(page)
    assert sum(not browser.is_signed_in() for browser in members) == 2
    terminations = text(admin.get(LIST + "termination-log/"))
    assert "2 terminated, in progress" in terminations
    assert "Remaining 5" in text(admin.get(f"{LIST}termination-log/{the_termination().public_id}/"))


def test_termination_in_progress_is_not_taken_over(admin, members, killed):
    begin(admin)
    bulk.look_after(the_termination())
    assert bulk.finish_abandoned() == []
    assert counts(the_termination()) == (2, 2, 0, 0)


def test_a_viewer_takes_over_when_the_process_was_killed(admin, members, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "_start", lambda *run: None)
        page = admin.post(TERMINATE_ALL, {"keep_current": "on"}, follow=True)
    let_the_lease_run_out()
    admin.get(page.redirect_chain[0][0])
    assert counts(wait_for(the_termination())) == (7, 7, 0, 0)


def test_the_sweep_takes_over_too(admin, members, killed):
    admin.post(TERMINATE_ALL)
    call_command("sweep_sessions", stdout=StringIO(), stderr=StringIO())
    assert not the_termination().is_finished
    let_the_lease_run_out()
    out = StringIO()
    call_command("sweep_sessions", stdout=out, stderr=StringIO())
    assert "Finished an interrupted termination: Ada Admin" in out.getvalue()
    assert counts(the_termination()) == (8, 8, 0, 0)
    assert not admin.is_signed_in()


def test_step_that_broke_off_has_done_nothing(admin, members, killed, monkeypatch):
    begin(admin)

    def broken(termination, *args, **kwargs):
        raise DatabaseError("the server went away")

    let_the_lease_run_out()
    with monkeypatch.context() as patch:
        patch.setattr(Termination, "save", broken)
        with pytest.raises(DatabaseError):
            bulk.finish_abandoned()
    assert counts(the_termination()) == (2, 2, 0, 0)
    assert TrackedSession.objects.filter(ended_at=None).count() == 6
    let_the_lease_run_out()
    bulk.finish_abandoned()
    assert counts(the_termination()) == (8, 8, 0, 0)


def test_host_with_a_transaction_around_each_request_keeps_what_was_done(
    admin, members, killed, monkeypatch
):
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    monkeypatch.setattr(bulk, "SECONDS", 60)
    steps, take = [], bulk._step

    def broken(pk, worker):
        steps.append(pk)
        if len(steps) > 1:
            raise DatabaseError("the server went away")
        return take(pk, worker)

    with monkeypatch.context() as patch:
        patch.setattr(bulk, "_step", broken)
        answer = admin.post(TERMINATE_ALL, follow=True)
    assert "Sessions that are still listed were not terminated" in answer.content.decode()
    assert counts(the_termination()) == (2, 2, 0, 0)
    let_the_lease_run_out()
    bulk.finish_abandoned()
    assert counts(the_termination()) == (8, 8, 0, 0)


def test_worker_that_lost_its_lease_stops(admin, members, killed):
    termination = begin(admin)
    let_the_lease_run_out()
    assert bulk._take_over(termination)
    assert not bulk._step(termination.pk, termination.worker)
    assert counts(the_termination()) == (2, 2, 0, 0)


def test_many_workers_count_nothing_twice(admin, members, killed):
    """Each worker repeatedly assumes that the others are dead."""
    termination = begin(admin)
    termination.refresh_from_db()
    errors = []

    def work():
        try:
            deadline = time.monotonic() + PATIENCE
            while not Termination.objects.get(pk=termination.pk).is_finished:
                assert time.monotonic() < deadline
                let_the_lease_run_out()
                if worker := bulk._take_over(termination):
                    bulk._step(termination.pk, worker)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    run_at_once([work] * 3)
    assert not errors
    assert counts(the_termination()) == (8, 8, 0, 0)


def test_several_admins_at_the_same_time(acme, admin, members):
    admins = [admin]
    for name in ("Bea", "Cleo"):
        user = MembershipFactory(user__name=name, account=acme, role="admin").user
        admins.append(Browser().sign_in(user))
    answers = []

    def post(browser):
        answers.append(browser.post(TERMINATE_ALL, {"keep_current": "on"}).status_code)
        connections.close_all()

    run_at_once([lambda browser=browser: post(browser) for browser in admins])
    terminations = [wait_for(termination) for termination in Termination.objects.all()]
    assert not any(browser.is_signed_in() for browser in members)
    ended = TrackedSession.objects.filter(ended_at__isnull=False)
    assert sum(termination.ended for termination in terminations) == ended.count()
    for termination in terminations:
        assert termination.failed == 0
        assert termination.requested == termination.ended + termination.already_gone
        assert termination.ended == ended.filter(termination=termination).count()


@pytest.mark.parametrize("hours", [0, 1, -1])
def test_sign_in_after_the_confirmation_stays_active(acme, admin, members, killed, hours):
    """Also on a server whose clock is ahead or behind."""
    begin(admin)
    with later(hours=hours):
        newcomer = Browser().sign_in(MembershipFactory(account=acme).user)
    let_the_lease_run_out()
    bulk.finish_abandoned()
    assert newcomer.is_signed_in()
    assert not any(browser.is_signed_in() for browser in members)


def test_who_signs_out_meanwhile_was_gone_already(admin, members, killed):
    begin(admin)
    assert the_termination().remaining == 6
    members[0].post("/accounts/logout/")
    let_the_lease_run_out()
    bulk.finish_abandoned()
    assert counts(the_termination()) == (8, 7, 1, 0)


def test_store_that_is_away_is_not_asked_for_ever(admin, members, monkeypatch):
    asked = []

    def away(*args):
        asked.append(args)
        raise ConnectionError("the store is away")

    monkeypatch.setattr(bulk, "FAILURES_IN_A_ROW", 2)
    monkeypatch.setattr(engines.database.DatabaseEngine, "delete_many", away)
    begin(admin)
    termination = wait_for(the_termination())
    assert counts(termination) == (8, 0, 0, 8)
    assert len(asked) == 2
    assert all(browser.is_signed_in() for browser in members)


def test_goes_on_in_the_language_and_the_accounts_of_the_actor(acme, admin, members, killed):
    globex = MembershipFactory(account__name="Globex").user
    stranger = Browser().sign_in(globex)
    TrackedSession.objects.update(country="Germany", country_code="DE")
    spared = TrackedSession.objects.filter(session_key=members[0].key)
    spared.update(country="France", country_code="FR")
    with translation.override("de"):
        begin(admin, filters=Filters(q="deutsch"), accounts=[str(acme.pk)])
    assert the_termination().remaining == 5
    let_the_lease_run_out()
    with translation.override("en"):
        bulk.finish_abandoned()
    assert counts(the_termination()) == (7, 7, 0, 0)
    assert members[0].is_signed_in()
    assert stranger.is_signed_in()


def test_others_do_not_watch(acme, admin, members, killed):
    page = admin.post(TERMINATE_ALL, {"keep_current": "on"})
    stranger = MembershipFactory(account__name="Globex", role="admin").user
    assert Browser().sign_in(stranger).get(page["Location"]).status_code == 404
    member = Browser().sign_in(MembershipFactory(account=acme).user)
    assert member.get(page["Location"]).status_code == 403
    operator = Browser().sign_in(UserFactory(is_superuser=True))
    assert operator.get(page["Location"]).status_code == 200
    assert operator.post(page["Location"]).status_code == 405


def run_at_once(steps):
    threads = [threading.Thread(target=step) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * PATIENCE)
        assert not thread.is_alive()
