"""Sessions that no request has shown to the app: older than it, or created on another site."""

from __future__ import annotations

import threading
from datetime import timedelta
from importlib import import_module
from io import StringIO

import pytest
from django.conf import settings as site
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from accounts.models import User
from sessions_admin import engines, resolvers
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.termination import bulk, immediate, sweep
from sessions_admin.tracking import adoption
from tests.support.browsing import IPHONE, LIST, Browser, listed
from tests.support.engines import use_engine
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

Reason = TrackedSession.EndReason


@pytest.fixture
def ana():
    return MembershipFactory(user__name="Ana Novak", account__name="Acme").user


def signed_in_before(user: User, **more) -> Browser:
    """Return a browser whose session was created without the app."""
    browser = Browser(user_agent=IPHONE, ip="192.168.7.7")
    browser.force_login(user)
    session = store(browser.key)
    session.update(more)
    session.save()
    return browser


def store(key: str | None = None):
    return import_module(site.SESSION_ENGINE).SessionStore(key)


def adopt(*arguments: str) -> str:
    out = StringIO()
    call_command("adopt_sessions", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def row_of(browser: Browser) -> TrackedSession:
    return TrackedSession.objects.get(session_key=browser.key)


@pytest.mark.every_engine
class TestCommand:
    def test_lists_sessions_from_before(self, engine, ana):
        browsers = [signed_in_before(ana) for _ in range(3)]
        admin = Browser().sign_in(UserFactory(is_superuser=True))
        stored = engines.current().load_many([b.key for b in browsers])
        assert "3 adopted" in adopt("--batch", "2")
        shown = listed(admin)
        assert {str(row_of(browser).public_id) for browser in browsers} <= set(shown)
        # Nothing is saved, because that would extend the sessions' lives.
        assert engines.current().load_many([b.key for b in browsers]) == stored

        assert "0 adopted" in adopt()
        assert TrackedSession.objects.count() == 4
        assert all(browser.is_signed_in() for browser in browsers)

    def test_says_what_it_does_not_know(self, engine, ana):
        last = timezone.now() - timedelta(days=3)
        browser = signed_in_before(ana, account={"id": str(ana.accounts.get().pk), "name": "Old"})
        User.objects.filter(pk=ana.pk).update(last_login=last)
        adopt()
        row = row_of(browser)
        assert (row.ip_address, row.user_agent, row.device) == (None, "", "")
        assert row.created_at == last
        assert row.account_name == "Acme"
        assert row.application == resolvers.applications()[-1].id
        admin = Browser().sign_in(UserFactory(is_superuser=True))
        page = admin.get(f"{LIST}{row.public_id}/").content.decode()
        assert "before sessions were recorded" in page

    def test_next_request_fills_in_the_origin(self, engine, ana):
        browser = signed_in_before(ana)
        adopt()
        before = row_of(browser)
        assert browser.is_signed_in()
        row = TrackedSession.objects.get()
        assert (row.pk, row.public_id) == (before.pk, before.public_id)
        assert row.ip_address == "192.168.7.7"
        assert row.user_agent == IPHONE
        assert row.ended_at is None
        mark = store(browser.key)["_sessions_admin"]
        assert mark["row"] == str(row.public_id)
        assert browser.is_signed_in()
        assert TrackedSession.objects.count() == 1

    def test_whom_a_request_would_not_find_signed_in_is_left(self, engine, ana):
        other = MembershipFactory().user
        signed_in_before(ana)
        changed = signed_in_before(other)
        User.objects.filter(pk=ana.pk).update(is_active=False)
        other.set_password("a-quite-different-9")
        User.objects.filter(pk=other.pk).update(password=other.password)
        anonymous = store()
        anonymous["basket"] = 1
        anonymous.create()
        assert "0 adopted" in adopt()
        assert not changed.is_signed_in()

    def test_signing_in_over_it_is_another_login(self, engine, ana):
        browser = signed_in_before(ana)
        adopt()
        browser.sign_in(ana)
        first, second = TrackedSession.objects.order_by("pk")
        assert first.end_reason == Reason.REPLACED
        assert second.session_key == browser.key

    def test_session_that_another_site_has_rotated(self, engine, ana):
        browser = Browser().sign_in(ana)
        row = row_of(browser)
        session = store(browser.key)
        session.cycle_key()
        session.save()
        adopt()
        row.refresh_from_db()
        assert row.session_key == session.session_key
        assert TrackedSession.objects.count() == 1

    def test_session_that_another_site_has_rotated_after_its_end(self, engine, ana):
        data = dict(store(Browser().sign_in(ana).key).items())
        bulk.begin(actor=ana, scope="Some", accounts=[str(ana.accounts.get().pk)])
        assert TrackedSession.objects.get().end_reason == Reason.TERMINATED
        session = store()
        session.update(data)
        session.create()
        assert "0 adopted" in adopt()
        assert TrackedSession.objects.count() == 1
        assert engines.current().load_many([session.session_key]) == {}

    def test_row_that_was_lost_is_found_again(self, engine, ana):
        browser = Browser().sign_in(ana)
        TrackedSession.objects.update(
            ended_at=timezone.now(), end_reason=Reason.LOST, session_key=None
        )
        adopt()
        row = TrackedSession.objects.get()
        assert (row.session_key, row.ended_at, row.end_reason) == (browser.key, None, "")

    def test_several_at_the_same_time(self, engine, ana):
        browsers = [signed_in_before(ana) for _ in range(12)]
        errors = []

        def work():
            try:
                for _ in adoption.adopt(batch=2):
                    pass
            except Exception as error:
                errors.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert TrackedSession.objects.count() == len(browsers)

    def test_one_that_fails_fails_alone(self, engine, ana, monkeypatch, caplog):
        browsers = [signed_in_before(ana, number=number) for number in range(3)]
        account_of = adoption._account_of

        def failing(session, user):
            if session.get("number") == 1:
                raise RuntimeError("a host's mistake")
            return account_of(session, user)

        monkeypatch.setattr(adoption, "_account_of", failing)
        with pytest.raises(CommandError, match="1 sessions could not be adopted"):
            adopt()
        assert TrackedSession.objects.count() == 2
        assert not any(browser.key in caplog.text for browser in browsers)

    def test_terminate_all_of_everything_ends_them(self, engine, ana):
        admin = Browser().sign_in(UserFactory(is_superuser=True))
        browsers = [signed_in_before(ana) for _ in range(3)]
        admin.post(LIST + "terminate-all/", {"keep_current": "on"})
        termination = Termination.objects.get()
        assert (termination.requested, termination.ended) == (3, 3)
        assert not termination.leaves_unseen
        assert not any(browser.is_signed_in() for browser in browsers)
        assert admin.is_signed_in()


class TestTerminateAll:
    @pytest.fixture(autouse=True)
    def small_steps(self, monkeypatch):
        monkeypatch.setattr(immediate, "CHUNK", 2)
        monkeypatch.setattr(bulk, "LOOKED_AT", 2)

    def test_an_account_s_or_a_filtered_one_does_not_look_for_them(self, ana):
        browser = signed_in_before(ana)
        bulk.begin(actor=ana, scope="Some", accounts=["7"])
        admin = Browser().sign_in(UserFactory(is_superuser=True))
        admin.post(LIST + "terminate-all/?application=web", {"keep_current": "on"})
        assert browser.is_signed_in()

    def test_sign_in_after_the_confirmation_stays_active(self, ana, monkeypatch):
        """Even while the search for older sessions still goes on."""
        before = [signed_in_before(ana) for _ in range(5)]
        later = []
        adopted = adoption._adopt

        def slow(found):
            if not later:
                later.append(Browser().sign_in(MembershipFactory().user))
            return adopted(found)

        monkeypatch.setattr(adoption, "_adopt", slow)
        termination = bulk.begin(actor=ana, scope="All")
        assert (termination.ended, termination.failed) == (5, 0)
        assert not any(browser.is_signed_in() for browser in before)
        assert later[0].is_signed_in()

    def test_worker_that_takes_over_begins_the_search_anew(self, ana, monkeypatch):
        browsers = [signed_in_before(ana) for _ in range(5)]
        monkeypatch.setattr(bulk, "SECONDS", -1)
        monkeypatch.setattr(bulk, "_start", lambda *run: None)
        termination = bulk.begin(actor=ana, scope="All")
        assert not termination.is_finished
        Termination.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        (finished,) = bulk.finish_abandoned()
        finished.refresh_from_db()
        assert (finished.requested, finished.ended, finished.is_finished) == (5, 5, True)
        assert not any(browser.is_signed_in() for browser in browsers)

    def test_where_the_store_cannot_say_page_and_record_do(self, settings, ana):
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
        admin = Browser().sign_in(UserFactory(is_superuser=True))
        assert not engines.current().can_enumerate
        question = admin.get(LIST + "terminate-all/").content.decode()
        assert "Not included: sessions that began before" in question
        filtered = admin.get(LIST + "terminate-all/?application=management").content.decode()
        assert "Not included" not in filtered
        admin.post(LIST + "terminate-all/", {"keep_current": "on"})
        termination = Termination.objects.get()
        assert termination.leaves_unseen
        entry = admin.get(f"{LIST}termination-log/{termination.public_id}/").content.decode()
        assert "Not included: sessions that began before" in entry
        with pytest.raises(CommandError, match="cannot say"):
            adopt()


class TestRedis:
    """Session keys are found among all other keys in the cache."""

    @pytest.fixture(autouse=True)
    def redis(self, settings, request):
        use_engine("cache-redis", settings, request)

    @pytest.mark.parametrize("prefix", ["", "a*b", "[x]", "q?\\"])
    def test_prefix_and_version(self, settings, ana, prefix):
        settings.CACHES = {
            "default": settings.CACHES["default"] | {"KEY_PREFIX": prefix, "VERSION": 3}
        }
        browsers = [signed_in_before(ana) for _ in range(3)]
        cache.set("something-else", 1)
        cache.set("django.contrib.sessions.cache" + "k" * 32, {}, version=4)
        found = [key for keys in engines.current().keys(10) for key in keys]
        assert sorted(found) == sorted(browser.key for browser in browsers)

    def test_keys_that_are_hidden(self, settings):
        settings.CACHES = {
            "default": settings.CACHES["default"] | {"KEY_FUNCTION": f"{__name__}.hidden"}
        }
        assert not engines.current().can_enumerate


def hidden(key, prefix, version):
    return engines.digest(key)


def test_expired_sessions_are_left(ana, settings):
    signed_in_before(ana)
    Session.objects.update(expire_date=timezone.now() - timedelta(days=1))
    assert "0 sessions looked at" in adopt()


def test_sweep_leaves_what_was_adopted_alone(ana, settings):
    """Its last activity is unknown, so it is not idle yet."""
    settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"IDLE_TIMEOUT": 3600}
    browser = signed_in_before(ana)
    User.objects.filter(pk=ana.pk).update(last_login=timezone.now() - timedelta(days=3))
    adopt()
    call_command("sweep_sessions", stdout=StringIO(), stderr=StringIO())
    assert sweep.reconcile(TrackedSession.objects.for_liveness()) == {}
    assert browser.is_signed_in()


def test_mark_of_somebody_else_s_row_moves_nothing(ana):
    victim = Browser().sign_in(MembershipFactory().user)
    row = row_of(victim)
    copied = store(victim.key)["_sessions_admin"]
    mine = signed_in_before(ana, _sessions_admin=copied)
    store(victim.key).delete()
    adopt()
    row.refresh_from_db()
    assert row.session_key == victim.key
    assert row_of(mine).user == ana
