"""Terminations end the store entry first, are always recorded, and count only complete ends."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.conf import settings as site
from django.db import DatabaseError

from sessions_admin import engines
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.termination import terminate
from sessions_admin.tracking import throttle
from tests.support.browsing import Browser, counts, listed
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor():
    return UserFactory(is_superuser=True, name="Olga Operator")


@pytest.fixture
def member():
    return MembershipFactory(user__name="Ana Novak").user


def end_all(actor):
    return terminate(TrackedSession.objects.filter(ended_at=None), actor=actor, scope="All")


def test_cookie_is_worthless_once_terminate_has_answered(engine, actor, member):
    phone, laptop = Browser().sign_in(member), Browser().sign_in(member)
    termination = terminate(
        TrackedSession.objects.filter(session_key=phone.key), actor=actor, scope="One"
    )

    assert counts(termination) == (1, 1, 0, 0)
    assert not phone.is_signed_in()
    assert laptop.is_signed_in()
    row = termination.sessions.get()
    assert row.end_reason == TrackedSession.EndReason.TERMINATED
    assert row.ended_at is not None
    assert row.session_key is None


def test_termination_counts_what_was_already_gone(engine, actor, member):
    living, gone = Browser().sign_in(member), Browser().sign_in(member)
    import_module(site.SESSION_ENGINE).SessionStore(gone.key).delete()
    termination = end_all(actor)

    assert counts(termination) == (2, 1, 1, 0)
    assert not living.is_signed_in()
    assert counts(end_all(actor)) == (0, 0, 0, 0)


def test_what_has_ended_counts_and_keeps_its_end(engine, actor, member):
    living, left = Browser().sign_in(member), Browser().sign_in(member)
    left.post("/accounts/logout/")
    (before,) = TrackedSession.objects.over().values()
    theirs = TrackedSession.objects.filter(user=member)
    termination = terminate(theirs, actor=actor, scope="Hers")

    assert counts(termination) == (2, 1, 1, 0)
    assert not living.is_signed_in()
    assert theirs.values().get(pk=before["id"]) == before
    assert counts(terminate(theirs, actor=actor, scope="Hers")) == (2, 0, 2, 0)
    assert theirs.values().get(pk=before["id"]) == before


def test_store_that_does_not_delete_leaves_everything_and_says_so(actor, member, monkeypatch):
    browser = Browser().sign_in(member)

    def broken(*args):
        raise DatabaseError("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(engines.database.DatabaseEngine, "delete_many", broken)
        termination = end_all(actor)
    assert counts(termination) == (1, 0, 0, 1)
    assert TrackedSession.objects.get().ended_at is None
    assert browser.is_signed_in()

    assert counts(end_all(actor)) == (1, 1, 0, 0)
    assert not browser.is_signed_in()


def test_many_are_ended_in_chunks_of_bounded_size(actor, member, monkeypatch):
    monkeypatch.setattr("sessions_admin.termination.immediate.CHUNK", 2)
    browsers = [Browser().sign_in(member) for _ in range(5)]
    termination = end_all(actor)

    assert counts(termination) == (5, 5, 0, 0)
    assert not any(browser.is_signed_in() for browser in browsers)


def test_one_failing_chunk_does_not_stop_the_others(actor, member, monkeypatch):
    monkeypatch.setattr("sessions_admin.termination.immediate.CHUNK", 1)
    browsers = [Browser().sign_in(member) for _ in range(3)]
    delete_many = engines.database.DatabaseEngine.delete_many

    def broken_for_one(self, keys):
        if browsers[1].key in keys:
            raise DatabaseError("the store is away")
        return delete_many(self, keys)

    monkeypatch.setattr(engines.database.DatabaseEngine, "delete_many", broken_for_one)
    termination = end_all(actor)

    assert counts(termination) == (3, 2, 0, 1)
    assert [browser.is_signed_in() for browser in browsers] == [False, True, False]


def test_termination_says_who_ended_what(actor, member):
    Browser().sign_in(member)
    end_all(actor)

    termination = Termination.objects.get()
    assert termination.actor == actor
    assert termination.actor_label == f"Olga Operator ({actor.email})"
    assert termination.scope == "All"
    actor.delete()
    termination.refresh_from_db()
    assert termination.actor_label.startswith("Olga Operator")


def test_copy_that_comes_back_after_termination_is_turned_away(engine, actor, member):
    """A late save or a late cache fill does not restore the session."""
    browser = Browser().sign_in(member)
    key = browser.key
    store = import_module(site.SESSION_ENGINE).SessionStore(key)
    data = dict(store.items())
    end_all(actor)
    bring_back(key, data)

    assert not browser.is_signed_in()
    assert listed(Browser().sign_in(actor)) == [
        str(TrackedSession.objects.get(user=actor).public_id)
    ]
    # Nor when the cookie is presented a second time.
    browser.cookies["sessionid"] = key
    assert not browser.is_signed_in()


def bring_back(key, data):
    """Write a session under a key as a late write by the engine would; `db` has no such case."""
    name = site.SESSION_ENGINE.rpartition(".")[2]
    store = import_module(site.SESSION_ENGINE).SessionStore(key)
    if name in {"cache", "cached_db"}:
        store._cache.set(store.cache_key_prefix + key, data)
    elif name == "file":
        store._session_cache = data
        store.save(must_create=True)


def test_key_rotated_in_flight_does_not_survive(engine, actor, member, monkeypatch):
    """A request reads its session, the session is terminated, and then the key rotates."""
    browser = Browser().sign_in(member)

    def terminated_meanwhile(request):
        end_all(actor)
        request.session.cycle_key()

    rotate_in_view(monkeypatch, terminated_meanwhile)
    browser.get("/")

    assert not browser.is_signed_in()
    assert TrackedSession.objects.get(user=member).session_key is None


def rotate_in_view(monkeypatch, step):
    from accounts.views import HomeView

    get = HomeView.get

    def paused(self, request, *args, **kwargs):
        answer = get(self, request, *args, **kwargs)
        monkeypatch.setattr(HomeView, "get", get)
        step(request)
        return answer

    monkeypatch.setattr(HomeView, "get", paused)


def test_late_save_does_not_bring_the_session_back(engine, actor, member, monkeypatch):
    browser = Browser().sign_in(member)

    def saved_late(request):
        request.session["note"] = "changed in flight"
        end_all(actor)

    rotate_in_view(monkeypatch, saved_late)
    browser.get("/")

    assert not browser.is_signed_in()
    throttle.forget()
    assert not browser.is_signed_in()
