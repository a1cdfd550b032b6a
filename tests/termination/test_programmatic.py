"""A project's own code ends sessions by key, of a person, or all, as the page does."""

from __future__ import annotations

import logging

import pytest
from django.core.management import call_command

from accounts.models import User
from sessions_admin import engines, signals, termination
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.termination import immediate
from tests.support.browsing import IPHONE, LIST, Browser, counts, text
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

TERMINATED = TrackedSession.EndReason.TERMINATED


@pytest.fixture
def ended():
    """The signals ``session_ended`` that are sent, as pairs of keys and record."""
    sent = []

    def receive(sessions, reason, termination, **kwargs):
        sent.append((set(sessions.values_list("pk", flat=True)), reason, termination))

    signals.session_ended.connect(receive, weak=False)
    yield sent
    signals.session_ended.disconnect(receive)


def untracked(user):
    """A browser whose session was created without the app: before it, or on a sister site."""
    browser = Browser()
    browser.force_login(user)
    assert not TrackedSession.objects.filter(session_key=browser.key).exists()
    return browser


class TestByKey:
    def test_the_session_ends_as_on_the_page(self, engine, ana, ended, caplog):
        browser, other = Browser().sign_in(ana), Browser(IPHONE).sign_in(ana)
        key, row = browser.key, TrackedSession.objects.get(session_key=browser.key)
        with caplog.at_level(logging.INFO, "sessions_admin.termination"):
            record = termination.terminate_by_key(key, reason="Stolen laptop")
        assert not browser.is_signed_in()
        assert engines.current().load_many([key]) == {}
        assert other.is_signed_in()
        assert counts(record) == (1, 1, 0, 0)
        assert (record.actor, record.actor_label) == (None, "System")
        assert record.reason == "Stolen laptop"
        assert record.account_ids == [row.account_id]
        row.refresh_from_db()
        assert (row.end_reason, row.termination) == (TERMINATED, record)
        assert ended == [({row.pk}, TERMINATED, record)]
        assert "System terminated sessions" in caplog.text
        assert key not in caplog.text

    def test_a_session_without_a_row_ends_too(self, engine, ana):
        browser = untracked(ana)
        record = termination.terminate_by_key(browser.key)
        assert counts(record) == (1, 1, 0, 0)
        assert not browser.is_signed_in()
        assert TrackedSession.objects.get(user=ana).termination == record

    def test_a_session_that_has_ended_counts_as_already_gone(self, engine, ana, ended):
        browser = Browser().sign_in(ana)
        key, row = browser.key, TrackedSession.objects.get(session_key=browser.key)
        browser.post("/accounts/logout/")
        ended.clear()
        record = termination.terminate_by_key(key)
        assert counts(record) == (1, 0, 1, 0)
        assert record.account_ids == [row.account_id]
        row.refresh_from_db()
        assert (row.end_reason, row.termination) == ("signed_out", None)
        first = termination.terminate_by_key(Browser().sign_in(ana).key)
        assert counts(first) == (1, 1, 0, 0)
        assert [record for _pks, _reason, record in ended] == [first]

    def test_a_session_that_ends_before_its_turn_counts(self, ana, monkeypatch):
        browser = Browser().sign_in(ana)
        key, recorded = browser.key, immediate.recorded

        def late(*args, **kwargs):
            browser.post("/accounts/logout/")
            return recorded(*args, **kwargs)

        monkeypatch.setattr(immediate, "recorded", late)
        assert counts(termination.terminate_by_key(key)) == (1, 0, 1, 0)

    @pytest.mark.parametrize("key", ["", "x" * 32, "x" * 200, "../../etc/passwd", "a\0b", "ključ"])
    def test_no_session_has_this_key(self, engine, ana, key):
        browser = Browser().sign_in(ana)
        record = termination.terminate_by_key(key)
        assert counts(record) == (0, 0, 0, 0)
        assert not record.leaves_unseen
        assert browser.is_signed_in()

    def test_a_visitor_who_is_not_signed_in_is_left_alone(self, engine, ana):
        visitor = Browser()
        visitor.get("/accounts/login/")
        session = visitor.session
        session["cart"] = 1
        session.save()
        visitor.cookies["sessionid"] = session.session_key
        assert counts(termination.terminate_by_key(session.session_key)) == (0, 0, 0, 0)
        assert visitor.session["cart"] == 1

    def test_an_actor_is_named(self, ana):
        admin = UserFactory(name="Olga Operator")
        record = termination.terminate_by_key(Browser().sign_in(ana).key, actor=admin)
        assert record.actor == admin
        assert record.actor_label == f"Olga Operator ({admin.email})"

    def test_a_store_that_does_not_answer_is_said(self, ana, monkeypatch):
        browser = untracked(ana)

        def away(self, keys):
            raise ConnectionError

        monkeypatch.setattr(type(engines.current()), "load_many", away)
        record = termination.terminate_by_key(browser.key)
        assert counts(record) == (0, 0, 0, 0)
        assert record.leaves_unseen

    def test_a_session_that_cannot_be_deleted_counts_as_failed(self, ana, monkeypatch):
        browser = Browser().sign_in(ana)

        def failing(self, keys):
            raise RuntimeError

        with monkeypatch.context() as patch:
            patch.setattr(type(engines.current()), "delete_many", failing)
            assert counts(termination.terminate_by_key(browser.key)) == (1, 0, 0, 1)
        assert browser.is_signed_in()


class TestOfAPerson:
    def test_all_sessions_of_the_person_end_and_no_others(self, engine, ana, ended):
        browsers = [Browser().sign_in(ana), Browser(IPHONE).sign_in(ana)]
        other = Browser().sign_in(MembershipFactory().user)
        record = termination.terminate_user(ana, reason="Left the company")
        assert not any(browser.is_signed_in() for browser in browsers)
        assert other.is_signed_in()
        assert counts(record) == (2, 2, 0, 0)
        assert record.scope == f"Terminated all sessions of Ana Novak ({ana.email})"
        assert len(ended) == 1

    def test_sessions_without_a_row_end_if_the_store_is_searched(self, engine, ana):
        seen, unseen = Browser().sign_in(ana), untracked(ana)
        record = termination.terminate_user(ana, search_store=True)
        assert counts(record) == (2, 2, 0, 0)
        assert not record.leaves_unseen
        assert not seen.is_signed_in()
        assert not unseen.is_signed_in()

    def test_a_deleted_person_is_an_error_and_ends_nothing(self, ana):
        Browser().sign_in(ana)
        person = UserFactory()
        User.objects.filter(pk=ana.pk).delete()
        person.delete()
        with pytest.raises(ValueError, match="not in the database"):
            termination.terminate_user(person)
        assert not Termination.objects.exists()

    def test_without_a_search_they_stay(self, engine, ana):
        unseen = untracked(ana)
        assert counts(termination.terminate_user(ana)) == (0, 0, 0, 0)
        assert unseen.is_signed_in()

    def test_a_store_that_cannot_be_searched_is_said(self, ana, settings):
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
        browser = Browser().sign_in(ana)
        record = termination.terminate_user(ana, search_store=True)
        assert record.leaves_unseen
        assert not browser.is_signed_in()


class TestAll:
    def test_everybody_is_signed_out(self, engine, ana, ended):
        browsers = [Browser().sign_in(ana), untracked(ana), Browser().sign_in(UserFactory())]
        record = termination.terminate_all(reason="Secrets were leaked")
        assert not any(browser.is_signed_in() for browser in browsers)
        assert record.is_finished
        assert counts(record) == (3, 3, 0, 0)
        assert record.scope == "Terminated all sessions in every account"
        assert record.account_ids == []
        assert [reason for _pks, reason, _record in ended] == [TERMINATED]

    def test_it_returns_when_all_have_ended_however_long_that_takes(self, ana, monkeypatch):
        monkeypatch.setattr("sessions_admin.termination.bulk.SECONDS", -1)
        monkeypatch.setattr("sessions_admin.termination.immediate.CHUNK", 1)
        browsers = [Browser().sign_in(ana) for _ in range(4)]
        record = termination.terminate_all()
        assert record.is_finished
        assert counts(record) == (4, 4, 0, 0)
        assert not any(browser.is_signed_in() for browser in browsers)

    def test_a_command_can_call_it(self, ana):
        browser = Browser().sign_in(ana)
        code = "from sessions_admin.termination import terminate_all; terminate_all(reason='no')"
        call_command("shell", command=code)
        assert not browser.is_signed_in()


def test_the_termination_log_shows_it(ana):
    operator = Browser().sign_in(UserFactory(is_superuser=True))
    Browser().sign_in(ana)
    termination.terminate_user(ana, reason="Left the company")
    entry = operator.get(f"{LIST}termination-log/{Termination.objects.get().public_id}/")
    for fact in ("System", "Left the company", "Terminated all sessions of Ana Novak"):
        assert fact in text(entry)
